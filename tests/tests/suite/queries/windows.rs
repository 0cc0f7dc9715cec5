//! Window functions and frames.

use orm::dialect::{Dialect, Postgres, Sqlite};
use orm::functions::{
    Exclude, cume_dist, current_row, dense_rank, first_value, following, lag, lag_or, last_value, lead,
    lead_or, nth_value, ntile, percent_rank, preceding, rank, row_number, unbounded_following,
    unbounded_preceding, window,
};
use orm::{DbValue, Expr};
use orm_tests::prelude::*;
use orm_tests::{assert_says, both_forms};
use rust_decimal::Decimal;

#[derive(Model, Debug)]
#[model(table = "marks")]
struct Mark {
    #[model(key, auto)]
    id: i64,
    team: String,
    points: i32,
    bonus: Option<i32>,
    share: f64,
    money: Decimal,
}

#[track_caller]
fn check(selected: impl orm::Selection, sqlite: &str, postgres: &str) {
    let query = select(selected);
    for (dialect, expected) in [(&Sqlite as &dyn Dialect, sqlite), (&Postgres, postgres)] {
        let sql = query.to_sql(dialect).unwrap().replace(['"', '`'], "");
        let list = sql.trim_start_matches("SELECT ").trim_end_matches(" FROM marks");
        assert_eq!(list, expected, "{}", dialect.name());
    }
}

#[test]
fn windows() {
    check(
        (Mark::ID, row_number().over(window()), count_all().over(window().partition_by(Mark::TEAM))),
        "id, row_number() OVER (), count(*) OVER (PARTITION BY team)",
        "id, row_number() OVER (), count(*) OVER (PARTITION BY team)",
    );
    check(
        sum(Mark::POINTS).filter(Mark::POINTS.gt(1)).over(
            window()
                .partition_by((Mark::TEAM, Mark::POINTS % 2))
                .order_by(Mark::ID.asc())
                .rows(preceding(2)..=current_row()),
        ),
        "sum(points) FILTER (WHERE points > ?) OVER (PARTITION BY team, orm_remainder(points, ?) ORDER BY id ASC ROWS BETWEEN ? PRECEDING AND CURRENT ROW)",
        "CAST(sum(points) FILTER (WHERE points > $1) OVER (PARTITION BY team, points % $2 ORDER BY id ASC ROWS BETWEEN $3 PRECEDING AND CURRENT ROW) AS bigint)",
    );
    check(
        (
            Mark::ID,
            max(Mark::POINTS).over(window().order_by(Mark::POINTS.asc()).range(current_row()..=following(3))),
            max(Mark::POINTS)
                .over(window().order_by(Mark::POINTS.asc()).groups(..=preceding(1)).exclude(Exclude::Ties)),
            max(Mark::POINTS).over(window().rows(current_row()..).exclude(Exclude::CurrentRow)),
        ),
        "id, max(points) OVER (ORDER BY points ASC RANGE BETWEEN CURRENT ROW AND ? FOLLOWING), \
         max(points) OVER (ORDER BY points ASC GROUPS BETWEEN UNBOUNDED PRECEDING AND ? PRECEDING EXCLUDE TIES), \
         max(points) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW)",
        "id, max(points) OVER (ORDER BY points ASC RANGE BETWEEN CURRENT ROW AND $1 FOLLOWING), \
         max(points) OVER (ORDER BY points ASC GROUPS BETWEEN UNBOUNDED PRECEDING AND $2 PRECEDING EXCLUDE TIES), \
         max(points) OVER (ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW)",
    );
    check(
        lag_or(Mark::POINTS, 1, 0).over(window().order_by(Mark::ID.asc())),
        "lag(points, ?, ?) OVER (ORDER BY id ASC)",
        "lag(points, $1, $2) OVER (ORDER BY id ASC)",
    );
}

#[test]
fn what_no_window_can() {
    let distinct = select(sum(Mark::POINTS).distinct().over(window()));
    assert_says(distinct.to_sql(&Postgres).unwrap_err(), &["over a window cannot be DISTINCT"]);
    let negative = select(sum(Mark::POINTS).over(window().rows(preceding(-1)..=current_row())));
    assert_says(negative.to_sql(&Sqlite).unwrap_err(), &["a distance of 0 or more"]);
}

#[both_forms]
mod windows {
    use super::*;

    async fn marks(db: &Db) -> Session {
        db.create::<Mark>().await;
        let mut session = db.session();
        let rows =
            [("a", 10, Some(1)), ("a", 20, None), ("a", 20, Some(3)), ("b", 5, None), ("b", 7, Some(5))];
        for (team, points, bonus) in rows {
            let money = Decimal::new(points.into(), 1);
            session.add(Mark { bonus, ..Mark::new(team, points, f64::from(points) / 2.0, money) });
            session.flush().await.unwrap();
        }
        session.commit().await.unwrap();
        session
    }

    /// What comes out for each row, in the order of the rows.
    async fn values<T: DbValue + PartialEq>(session: &mut Session, expression: Expr<T>) -> Vec<T> {
        let rows = session.all(select((Mark::ID, expression)).order_by(Mark::ID.asc())).await.unwrap();
        rows.into_iter().map(|(_, value)| value).collect()
    }

    /// [QRY-7]
    #[case]
    async fn ranks(db: Db) {
        let mut session = marks(&db).await;
        let session = &mut session;
        let by_points = || window().partition_by(Mark::TEAM).order_by(Mark::POINTS.desc());
        let by_id = || by_points().order_by(Mark::ID.asc());
        assert_eq!(values(session, row_number().over(by_id())).await, [3, 1, 2, 2, 1]);
        assert_eq!(values(session, rank().over(by_points())).await, [3, 1, 1, 2, 1]);
        assert_eq!(values(session, dense_rank().over(by_points())).await, [2, 1, 1, 2, 1]);
        assert_eq!(values(session, percent_rank().over(by_points())).await, [1.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(
            values(session, cume_dist().over(by_points())).await,
            [1.0, 2.0 / 3.0, 2.0 / 3.0, 1.0, 0.5]
        );
        assert_eq!(values(session, ntile(2).over(by_id())).await, [2, 1, 1, 2, 1]);
    }

    /// [QRY-7]
    #[case]
    async fn other_rows(db: Db) {
        let mut session = marks(&db).await;
        let session = &mut session;
        let by_id = || window().partition_by(Mark::TEAM).order_by(Mark::ID.asc());
        assert_eq!(
            values(session, lag(Mark::POINTS, 1).over(by_id())).await,
            [None, Some(10), Some(20), None, Some(5)]
        );
        assert_eq!(
            values(session, lead(Mark::BONUS, 1).over(by_id())).await,
            [None, Some(3), None, Some(5), None]
        );
        assert_eq!(values(session, lag_or(Mark::POINTS, 2, -1).over(by_id())).await, [-1, -1, 10, -1, -1]);
        assert_eq!(values(session, lead_or(Mark::POINTS, 1, 0).over(by_id())).await, [20, 20, 0, 7, 0]);
        assert_eq!(
            values(session, first_value(Mark::POINTS).over(by_id())).await,
            [10, 10, 10, 5, 5].map(Some)
        );
        let all = || by_id().rows(unbounded_preceding()..=unbounded_following());
        assert_eq!(values(session, last_value(Mark::POINTS).over(all())).await, [20, 20, 20, 7, 7].map(Some));
        assert_eq!(
            values(session, nth_value(Mark::ID, 3).over(all())).await,
            [Some(3), Some(3), Some(3), None, None]
        );
    }

    /// [QRY-7] A frame is counted in rows, values or groups.
    #[case]
    async fn frames(db: Db) {
        let mut session = marks(&db).await;
        let session = &mut session;
        let points = || sum(Mark::POINTS);
        let by_id = || window().order_by(Mark::ID.asc());
        let by_points = || window().order_by(Mark::POINTS.asc());
        assert_eq!(values(session, points().over(window())).await, [Some(62); 5]);
        assert_eq!(values(session, points().over(by_id())).await, [10, 30, 50, 55, 62].map(Some));
        let near = by_id().rows(preceding(1)..=following(1));
        assert_eq!(values(session, points().over(near)).await, [30, 50, 45, 32, 12].map(Some));
        let before = by_id().rows(..=preceding(1));
        assert_eq!(
            values(session, points().over(before.clone())).await,
            [None, Some(10), Some(30), Some(50), Some(55)]
        );
        assert_eq!(values(session, count_all().over(before)).await, [0, 1, 2, 3, 4]);
        let close = by_points().range(preceding(3)..=current_row());
        assert_eq!(values(session, points().over(close)).await, [17, 40, 40, 5, 12].map(Some));
        let close = window().order_by(Mark::SHARE.asc()).range(preceding(1.5)..=current_row());
        assert_eq!(values(session, points().over(close)).await, [17, 40, 40, 5, 12].map(Some));
        if db.backend.is_mysql() {
            let groups = by_points().groups(preceding(1)..=current_row());
            let query = select((Mark::ID, points().over(groups)));
            assert_eq!(session.all(query).await.unwrap_err().kind(), ErrorKind::Unsupported);
            return;
        }
        let groups = by_points().groups(preceding(1)..=current_row());
        assert_eq!(values(session, points().over(groups)).await, [17, 50, 50, 5, 12].map(Some));
        let others = by_points().groups(current_row()..=current_row()).exclude(Exclude::CurrentRow);
        assert_eq!(values(session, points().over(others)).await, [None, Some(20), Some(20), None, None]);
        let ties = by_points().exclude(Exclude::Ties);
        assert_eq!(values(session, points().over(ties)).await, [22, 42, 42, 5, 12].map(Some));
        let whole = by_points().exclude(Exclude::Group);
        assert_eq!(values(session, count_all().over(whole)).await, [2, 3, 3, 0, 1]);
        let money: Vec<_> =
            values(session, sum(Mark::MONEY).over(by_id().rows(preceding(1)..=current_row()))).await;
        assert_eq!(money, ["1", "3", "4", "2.5", "1.2"].map(|text| Some(text.parse().unwrap())));
        let paid = sum(Mark::BONUS).filter(Mark::BONUS.gt(1)).over(window().partition_by(Mark::TEAM));
        assert_eq!(values(session, paid).await, [3, 3, 3, 5, 5].map(Some));
    }
}
