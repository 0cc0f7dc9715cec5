use orm::prelude::*;

#[derive(Model)]
struct User {
    #[model(key, auto)]
    id: i64,
}

async fn two_tasks(mut session: AsyncSession) {
    let one = session.get::<User>(1);
    let two = session.get::<User>(2);
    let _ = (one.await, two.await);
}

fn copies(session: Session) -> (Session, Session) {
    (session.clone(), session)
}

fn sync_session_of_async_engine(engine: AsyncEngine) -> Session {
    engine.session()
}

fn main() {}
