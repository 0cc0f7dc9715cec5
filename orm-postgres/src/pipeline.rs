//! Requests that are sent without waiting for each other's answers.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::{MaybeDone, maybe_done};

/// How many requests are on their way at most.
const IN_FLIGHT: usize = 256;

/// The answers to requests. The driver sends a request when it is first polled, and the server answers in order: so each is polled
/// once, and then, as long as they come, none but the oldest.
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
        poll_fn(|context| self.poll(context)).await;
        self.sent.pop_front()?.as_mut().take_output()
    }

    /// Whether the oldest is answered. One that asks for more once it has an answer waits behind all others, whose answers have to be
    /// taken until then, or the driver would read no further.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        for (age, request) in self.sent.iter_mut().enumerate() {
            if request.as_mut().poll(context).is_ready() && age == 0 {
                return Poll::Ready(());
            }
        }
        if self.sent.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }

    async fn send(&mut self, request: I::Item) {
        let mut request = Box::pin(maybe_done(request));
        poll_fn(|context| Poll::Ready(request.as_mut().poll(context).is_ready())).await;
        self.sent.push_back(request);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    /// What a future gives that is polled so often.
    fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
        let mut future = pin!(future);
        (0..times).find_map(|_| match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    }

    /// Gives its number once it was polled so often, and notes each poll.
    async fn request(number: usize, polls: usize, log: &RefCell<Vec<usize>>) -> usize {
        let mut count = 0;
        poll_fn(|_| {
            log.borrow_mut().push(number);
            count += 1;
            if count < polls { Poll::Pending } else { Poll::Ready(number) }
        })
        .await
    }

    #[test]
    fn all_are_sent_in_order_and_answered_in_order() {
        let log = RefCell::new(Vec::new());
        let mut pipeline = Pipeline::new((0..1000).map(|number| request(number, 2 + number % 3, &log)));
        assert_eq!(polled(pipeline.next(), 1), Some(Some(0)));
        assert_eq!(log.borrow()[..IN_FLIGHT], (0..IN_FLIGHT).collect::<Vec<_>>(), "before an answer came");
        let answers: Vec<_> = std::iter::from_fn(|| polled(pipeline.next(), 5).flatten()).collect();
        assert_eq!(answers, (1..1000).collect::<Vec<_>>());
    }

    /// The driver reads no further while an answer is not taken, and the oldest request has asked for something behind it.
    #[test]
    fn answers_are_taken_while_the_oldest_waits_behind_them() {
        let log = RefCell::new(Vec::new());
        let asks_again =
            async { poll_fn(|_| if log.borrow().len() < 3 { Poll::Pending } else { Poll::Ready(0) }).await };
        let requests: [Pin<Box<dyn Future<Output = usize>>>; 2] =
            [Box::pin(asks_again), Box::pin(request(1, 3, &log))];
        let mut pipeline = Pipeline::new(requests.into_iter());
        assert_eq!(polled(pipeline.next(), 5), Some(Some(0)));
        assert_eq!(polled(pipeline.next(), 1), Some(Some(1)));
        assert_eq!(polled(pipeline.next(), 1), Some(None));
    }
}
