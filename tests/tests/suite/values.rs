//! Every column type, each in all ways in which a value can go to the database and come back.

mod arrays;
mod derived;
mod each;
mod embedded;
mod refused;
mod text;

/// The models and cases for one column type: a value goes there and back by INSERT (alone and in a batch), by UPDATE (of one row
/// and of several), in a filter, in a list and as an element of an Option.
///
/// The samples are distinct; if `sorted`, they are in the order in which the database sorts them.
macro_rules! each_type {
    ($($name:ident, $type:ty, $order:ident: [$($sample:expr),+ $(,)?];)+) => {$(
        mod $name {
            use orm_tests::both_forms;
            use orm_tests::prelude::*;

            #[allow(unused_imports, reason = "what the samples are made with")]
            use super::*;

            #[derive(Model, Debug, PartialEq)]
            #[model(table = "holders")]
            pub(super) struct Holder {
                #[model(key, auto)]
                pub(super) id: i64,
                value: $type,
                maybe: Option<$type>,
            }

            fn samples() -> Vec<$type> {
                vec![$($sample),+]
            }

            fn holders() -> Vec<Holder> {
                let full = samples().into_iter().zip(samples());
                let full = full.map(|(value, maybe)| Holder { id: 0, value, maybe: Some(maybe) });
                full.chain(samples().into_iter().take(1).map(Holder::new)).collect()
            }

            fn values(rows: &[Holder]) -> Vec<(&$type, Option<&$type>)> {
                rows.iter().map(|row| (&row.value, row.maybe.as_ref())).collect()
            }

            #[both_forms]
            mod $name {
                use super::*;

                async fn stored(db: &Db) -> Vec<Holder> {
                    db.session().rows(Holder::select().order_by(Holder::ID.asc())).await.unwrap()
                }

                /// [R10] [DDL-7] [DDL-8] by INSERT, one by one and in a batch; in WHERE and in IN lists; None is NULL both ways.
                #[case]
                async fn goes_in_and_out(db: Db) {
                    db.create::<Holder>().await;
                    let mut session = db.session();
                    session.add_all(holders());
                    session.commit().await.unwrap();
                    for holder in holders() {
                        session.add(holder);
                        session.commit().await.unwrap();
                    }
                    let expected: Vec<_> = holders().into_iter().chain(holders()).collect();
                    assert_eq!(values(&stored(&db).await), values(&expected));

                    db.script("DELETE FROM holders").await;
                    let mut session = db.session();
                    session.add_all(holders());
                    session.commit().await.unwrap();
                    let count = samples().len();
                    for (number, sample) in samples().iter().enumerate() {
                        let found = session.rows(Holder::select().filter(Holder::MAYBE.eq(sample))).await.unwrap();
                        assert_eq!(values(&found), [(sample, Some(sample))]);
                        let found = session.rows(Holder::select().filter(Holder::VALUE.eq(sample))).await.unwrap();
                        assert_eq!(found.len(), if number == 0 { 2 } else { 1 });
                        let others = session.rows(Holder::select().filter(Holder::MAYBE.ne(sample))).await.unwrap();
                        assert_eq!(others.len(), count - 1);
                    }
                    let listed = session.rows(Holder::select().filter(Holder::MAYBE.in_(samples()))).await.unwrap();
                    assert_eq!(listed.len(), count);
                    let listed = Holder::select().filter(Holder::VALUE.not_in(samples().iter().skip(1)));
                    assert_eq!(session.rows(listed).await.unwrap().len(), 2);
                    // A long list is one array, where there are any.
                    let known = samples();
                    let long = Holder::select().filter(Holder::MAYBE.in_(known.iter().cycle().take(20)));
                    assert_eq!(session.rows(long).await.unwrap().len(), count);
                    let long = known.iter().skip(1).cycle().take(20);
                    let long = Holder::select().filter(Holder::VALUE.not_in(long));
                    assert_eq!(session.rows(long).await.unwrap().len(), 2);
                    let none = session.rows(Holder::select().filter(Holder::MAYBE.eq(None::<$type>))).await.unwrap();
                    assert_eq!(none.len(), 1);
                }

                /// [R10] by UPDATE, and only what has changed is written.
                #[case]
                async fn is_changed(db: Db) {
                    db.create::<Holder>().await;
                    let mut session = db.session();
                    let first = || samples().into_iter().next().unwrap();
                    let last = || samples().pop().unwrap();
                    let all = session.add_all((0..3).map(|_| Holder::new(first())));
                    session.commit().await.unwrap();
                    let mut session = db.session();
                    let loaded = session.all(Holder::select().order_by(Holder::ID.asc())).await.unwrap();
                    assert_eq!(loaded.len(), all.len());
                    for &holder in &loaded {
                        session[holder].value = first();
                        session[holder].maybe = None;
                    }
                    db.trace.take();
                    session.commit().await.unwrap();
                    assert_eq!(db.trace.take_statements().len(), 0, "the same values are no change");

                    session[loaded[0]].value = last();
                    session[loaded[0]].maybe = Some(last());
                    session.commit().await.unwrap();
                    for &holder in &loaded[1..] {
                        session[holder].maybe = Some(last());
                    }
                    session.commit().await.unwrap();
                    let (first, last) = (first(), last());
                    let expected = [(&last, Some(&last)), (&first, Some(&last)), (&first, Some(&last))];
                    assert_eq!(values(&stored(&db).await), expected);

                    for &holder in &loaded {
                        session[holder].maybe = None;
                    }
                    session.commit().await.unwrap();
                    assert!(stored(&db).await.iter().all(|holder| holder.maybe.is_none()));
                }
            }

            each_type!(@ $order);
        }
    )+};
    (@ sorted) => {
        #[both_forms]
        mod sorted {
            use super::*;

            /// [R10] the database sorts and compares values as Rust does, not as the text that they may be stored as.
            #[case]
            async fn is_sorted(db: Db) {
                db.create::<Holder>().await;
                let mut session = db.session();
                session.add_all(samples().into_iter().rev().map(Holder::new));
                session.commit().await.unwrap();
                let rows = session.rows(Holder::select().order_by(Holder::VALUE.asc())).await.unwrap();
                let found: Vec<_> = rows.into_iter().map(|row| row.value).collect();
                assert_eq!(found, samples());
                for (number, sample) in samples().iter().enumerate() {
                    let below = session.rows(Holder::select().filter(Holder::VALUE.lt(sample))).await.unwrap();
                    assert_eq!(below.len(), number, "below {sample:?}");
                    let above = session.rows(Holder::select().filter(Holder::VALUE.ge(sample))).await.unwrap();
                    assert_eq!(above.len(), samples().len() - number, "from {sample:?} on");
                    let between = Holder::select().filter(Holder::VALUE.between(&samples()[0], sample));
                    assert_eq!(session.rows(between).await.unwrap().len(), number + 1, "up to {sample:?}");
                }
            }
        }
    };
    (@ unsorted) => {};
}

pub(crate) use each_type;
