//! Requests that are sent without waiting for each other's answers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use futures_util::future::{MaybeDone, maybe_done};

/// How many requests are on their way at most.
const IN_FLIGHT: usize = 256;

/// The answers to requests. The driver sends a request when it is first polled, and the server answers in order: so each is polled
/// once, and then none but the oldest.
pub(crate) struct Pipeline<I: Iterator<Item: Future>> {
    requests: I,
    sent: VecDeque<Pin<Box<MaybeDone<I::Item>>>>,
}

impl<I: Iterator<Item: Future>> Pipeline<I> {
    pub(crate) fn new(requests: I) -> Self {
        Self { requests, sent: VecDeque::new() }
    }

    /// The answer to the oldest request, once as many others are on their way as there may be.
    pub(crate) async fn next(&mut self) -> Option<<I::Item as Future>::Output> {
        while self.sent.len() < IN_FLIGHT
            && let Some(request) = self.requests.next()
        {
            self.send(request).await;
        }
        let mut oldest = self.sent.pop_front()?;
        oldest.as_mut().await;
        oldest.as_mut().take_output()
    }

    async fn send(&mut self, request: I::Item) {
        let mut request = Box::pin(maybe_done(request));
        poll_fn(|context| Poll::Ready(request.as_mut().poll(context).is_ready())).await;
        self.sent.push_back(request);
    }
}
