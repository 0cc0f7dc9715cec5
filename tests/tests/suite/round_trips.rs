//! How often a unit of work waits for the server, counted on the wire.

use orm_tests::both_forms;
use orm_tests::prelude::*;
use orm_tests::proxy::Proxy;

use crate::models::{Post, User};

#[both_forms]
mod round_trips {
    use super::*;

    /// The same database, through a proxy that counts.
    fn counted(db: &Db) -> (Engine, Proxy) {
        let (login, rest) = db.database.url.rsplit_once('@').unwrap();
        let (address, name) = rest.split_once('/').unwrap();
        let proxy = Proxy::start(address.to_owned());
        (Engine::open(&format!("{login}@{}/{name}", proxy.address)).unwrap(), proxy)
    }

    /// A thousand objects in at most three round trips, the first time and later. On a busy machine the server may answer the
    /// first of several statements before the next one is on its way, and that counts as one more: the best of some rounds is
    /// what the library does.
    #[case(postgres)]
    async fn a_thousand_objects_in_three_round_trips(db: Db) {
        db.create::<User>().await;
        let mut first = [usize::MAX; 3];
        let mut later = [usize::MAX; 3];
        for _ in 0..5 {
            let (engine, proxy) = counted(&db);
            let mut session = engine.session();
            session.get::<User>(1).await.unwrap();
            session.commit().await.unwrap();
            for best in [&mut first, &mut later] {
                proxy.take();
                let users = session.add_all((0..1000).map(|number| User::new(format!("u{number}"))));
                session.commit().await.unwrap();
                let inserted = proxy.take();
                for &user in &users {
                    session[user].age = Some(1);
                }
                session.commit().await.unwrap();
                let updated = proxy.take();
                for &user in &users {
                    session.delete(user).unwrap();
                }
                session.commit().await.unwrap();
                let trips = [inserted, updated, proxy.take()];
                *best = std::array::from_fn(|kind| best[kind].min(trips[kind]));
            }
        }
        assert!(first.iter().all(|&trips| trips <= 3), "{first:?} round trips");
        assert!(later.iter().all(|&trips| trips <= 2), "{later:?} round trips by known statements");
    }

    /// New rows of m tables cost m round trips and a COMMIT, once the statements are known.
    #[case(postgres)]
    async fn one_round_trip_for_each_table(db: Db) {
        db.create::<Post>().await;
        let (engine, proxy) = counted(&db);
        let mut session = engine.session();
        let mut best = usize::MAX;
        for round in 0..6 {
            let users = session.add_all((0..10).map(|number| User::new(format!("{round} {number}"))));
            session.add_all(users.iter().map(|&user| Post::new("Hello", user)));
            proxy.take();
            session.commit().await.unwrap();
            best = best.min(proxy.take());
        }
        assert!(best <= 3, "{best} round trips for two tables");
    }
}
