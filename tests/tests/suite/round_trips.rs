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

    /// A thousand objects in at most three round trips, the first time and later.
    #[case(postgres)]
    async fn a_thousand_objects_in_three_round_trips(db: Db) {
        db.create::<User>().await;
        let (engine, proxy) = counted(&db);
        let mut session = engine.session();
        session.get::<User>(1).await.unwrap();
        session.commit().await.unwrap();
        proxy.take();

        let users = session.add_all((0..1000).map(|number| User::new(format!("u{number}"))));
        session.commit().await.unwrap();
        let inserted = proxy.take();
        assert!(inserted <= 3, "{inserted} round trips for 1,000 inserts");

        for &user in &users {
            session[user].age = Some(1);
        }
        session.commit().await.unwrap();
        let updated = proxy.take();
        assert!(updated <= 3, "{updated} round trips for 1,000 updates");

        for &user in &users {
            session.delete(user).unwrap();
        }
        session.commit().await.unwrap();
        let deleted = proxy.take();
        assert!(deleted <= 3, "{deleted} round trips for 1,000 deletes");

        let users = session.add_all((0..1000).map(|number| User::new(format!("u{number}"))));
        session.commit().await.unwrap();
        let inserted = proxy.take();
        for &user in &users {
            session[user].age = Some(2);
        }
        session.commit().await.unwrap();
        let updated = proxy.take();
        for &user in &users {
            session.delete(user).unwrap();
        }
        session.commit().await.unwrap();
        let deleted = proxy.take();
        assert!(
            [inserted, updated, deleted].iter().all(|&trips| trips <= 2),
            "{inserted}, {updated}, {deleted} round trips by known statements"
        );
    }

    /// New rows of m tables cost m round trips and a COMMIT, once the statements are known.
    #[case(postgres)]
    async fn one_round_trip_for_each_table(db: Db) {
        db.create::<Post>().await;
        let (engine, proxy) = counted(&db);
        let mut session = engine.session();
        for round in 0..2 {
            let users = session.add_all((0..10).map(|number| User::new(format!("{round} {number}"))));
            session.add_all(users.iter().map(|&user| Post::new("Hello", user)));
            proxy.take();
            session.commit().await.unwrap();
        }
        let trips = proxy.take();
        assert!(trips <= 3, "{trips} round trips for two tables");
    }
}
