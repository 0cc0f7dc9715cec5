//! The 22 queries of TPC-H in the typed language, beside their plain SQL, over a small generated data set.

mod data;
mod models;
mod plain;
mod queries;

use orm_tests::both_forms;

#[both_forms]
mod tpch {
    use super::data::Data;
    use super::models::{LineItem, PartSupp};
    use super::{plain, queries};
    use orm::{Query, Shape};
    use orm_tests::Backend;
    use orm_tests::prelude::*;

    /// All tables, filled.
    async fn fill(db: &Db) {
        db.create::<(LineItem, PartSupp)>().await;
        let mut session = db.session();
        let data = Data::generate();
        session.add_all(data.regions);
        session.add_all(data.nations);
        session.add_all(data.suppliers);
        session.add_all(data.customers);
        session.add_all(data.parts);
        session.add_all(data.offers);
        session.add_all(data.orders);
        session.add_all(data.lines);
        session.commit().await.unwrap();
    }

    fn plain_sql(backend: Backend, query: usize) -> String {
        let sql = plain::QUERIES[query - 1];
        let year = match backend {
            Backend::Sqlite => "CAST(strftime('%Y', $1) AS INTEGER)",
            Backend::Postgres => "CAST(EXTRACT(YEAR FROM $1) AS INTEGER)",
            Backend::MariaDb | Backend::MySql => "year($1)",
        };
        let sql = if backend.is_mysql() {
            sql.replace("AS BIGINT", "AS SIGNED").replace("DOUBLE PRECISION", "DOUBLE")
        } else {
            sql.to_owned()
        };
        let mut text = String::new();
        let mut rest = sql.as_str();
        while let Some((before, call)) = rest.split_once("YEAR(") {
            let (argument, after) = call.split_once(')').unwrap();
            text += &format!("{before}{}", year.replace("$1", argument));
            rest = after;
        }
        text + rest
    }

    /// A query finds what its plain SQL finds, and that is something.
    async fn check<Q: Query>(connection: &mut Connection, backend: Backend, number: usize, query: Q)
    where
        <Q::Shape as Shape>::Row: FromRow + PartialEq + std::fmt::Debug,
    {
        let found = connection.all(query).await;
        let found = found.map_err(|error| format!("query {number}: {error}")).unwrap();
        let plain = text_unchecked(plain_sql(backend, number));
        let expected = connection.execute(plain).await.unwrap().all::<<Q::Shape as Shape>::Row>().unwrap();
        assert_eq!(found, expected, "query {number}");
        assert!(!found.is_empty(), "query {number} finds nothing");
    }

    /// [QRY-7] [QRY-11] All of them, in order.
    #[case]
    async fn typed_queries_find_what_plain_sql_finds(db: Db) {
        fill(&db).await;
        let mut connection = db.engine.connect().await.unwrap();
        check(&mut connection, db.backend, 1, queries::pricing_summary()).await;
        check(&mut connection, db.backend, 2, queries::minimum_cost_supplier()).await;
        check(&mut connection, db.backend, 3, queries::shipping_priority()).await;
        check(&mut connection, db.backend, 4, queries::order_priority()).await;
        check(&mut connection, db.backend, 5, queries::local_supplier_volume()).await;
        check(&mut connection, db.backend, 6, queries::forecast_revenue_change()).await;
        check(&mut connection, db.backend, 7, queries::volume_shipping()).await;
        check(&mut connection, db.backend, 8, queries::market_share()).await;
        check(&mut connection, db.backend, 9, queries::product_profit()).await;
        check(&mut connection, db.backend, 10, queries::returned_items()).await;
        check(&mut connection, db.backend, 11, queries::important_stock()).await;
        check(&mut connection, db.backend, 12, queries::shipping_modes()).await;
        check(&mut connection, db.backend, 13, queries::customer_distribution()).await;
        check(&mut connection, db.backend, 14, queries::promotion_effect()).await;
        check(&mut connection, db.backend, 15, queries::top_supplier()).await;
        check(&mut connection, db.backend, 16, queries::parts_and_suppliers()).await;
        check(&mut connection, db.backend, 17, queries::small_orders()).await;
        check(&mut connection, db.backend, 18, queries::large_orders()).await;
        check(&mut connection, db.backend, 19, queries::discounted_revenue()).await;
        check(&mut connection, db.backend, 20, queries::part_promotion()).await;
        check(&mut connection, db.backend, 21, queries::waiting_suppliers()).await;
        check(&mut connection, db.backend, 22, queries::sales_opportunity()).await;
    }
}
