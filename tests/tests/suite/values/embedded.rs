//! Embedded structs: `#[derive(Embedded)]`.

use orm_tests::prelude::*;
use orm_tests::{assert_statements, both_forms};
use rust_decimal::Decimal;

#[derive(Embedded, Clone, Debug, PartialEq)]
struct Place {
    latitude: f64,
    longitude: f64,
}

#[derive(Embedded, Clone, Debug, PartialEq)]
struct Address {
    street: String,
    place: Option<String>,
    #[db(rename = "town")]
    city: String,
    #[db(prefix = "at ")]
    position: Place,
    tax: Decimal,
}

#[derive(Model, Clone, Debug, PartialEq)]
struct Person {
    #[model(key, auto)]
    id: i64,
    address: Address,
    #[model(prefix = "work_", unique)]
    office: Place,
    #[model(prefix = "")]
    bare: Place,
    name: String,
}

fn person(city: &str, tax: i64, number: i32) -> Person {
    let place = |number: i32| Place { latitude: number.into(), longitude: (-number).into() };
    let (street, city) = ("Rue".to_owned(), city.to_owned());
    let address = Address { street, place: None, city, position: place(number), tax: Decimal::new(tax, 1) };
    Person::new(address, place(number), place(number + 1), "Ann")
}

#[both_forms]
mod embedded {
    use super::*;

    /// Columns have a prefix: the field's name, or what was given.
    #[case]
    async fn its_columns_are_columns_of_the_model(db: Db) {
        let columns: Vec<_> = Person::table().columns().iter().map(|column| column.name.as_str()).collect();
        let expected = [
            "id",
            "address_street",
            "address_place",
            "address_town",
            "address_at latitude",
            "address_at longitude",
            "address_tax",
            "work_latitude",
            "work_longitude",
            "latitude",
            "longitude",
            "name",
        ];
        assert_eq!(columns, expected);
        db.create::<Person>().await;
        let mut session = db.session();
        session.add_all([person("Paris", 95, 1), person("Rome", 100, 2)]);
        session.add(Person { name: "☃".into(), ..person("Oslo", 0, 3) });
        session.commit().await.unwrap();
        let rows = db.session().rows(Person::select().order_by(Person::ID.asc())).await.unwrap();
        assert_eq!(rows[1], Person { id: 2, ..person("Rome", 100, 2) });
        assert_eq!(rows[2], Person { id: 3, name: "☃".into(), ..person("Oslo", 0, 3) });

        session.add(person("Paris", 95, 1));
        assert!(session.commit().await.unwrap_err().is_unique_violation(), "its columns are unique together");
    }

    /// [QRY-1] Parts are filtered and sorted by, on any level.
    #[case]
    async fn its_parts_are_filtered_and_sorted_by(db: Db) {
        db.create::<Person>().await;
        let mut session = db.session();
        session.add_all([person("Paris", 100, 1), person("Rome", 95, 2), person("Oslo", 20, 3)]);
        session.commit().await.unwrap();
        let latitude = Person::ADDRESS.at(Address::POSITION).at(Place::LATITUDE);
        let same = Person::ADDRESS.at(Address::POSITION.at(Place::LATITUDE));
        let query = Person::select()
            .filter(Person::ADDRESS.at(Address::CITY).in_(["Paris", "Rome"]))
            .filter(latitude.gt(0.5).and(same.eq(Person::OFFICE.at(Place::LATITUDE))))
            .filter(Person::BARE.at(Place::LONGITUDE).lt(-1.5))
            .filter(Person::ADDRESS.at(Address::PLACE).is_null())
            .order_by(Person::ADDRESS.at(Address::TAX).asc());
        let found = session.rows(query).await.unwrap();
        assert_eq!(found.iter().map(|row| row.address.city.as_str()).collect::<Vec<_>>(), ["Rome", "Paris"]);
    }

    /// [FLU-1] A changed part is one changed column.
    #[case]
    async fn a_changed_part_is_one_column(db: Db) {
        db.create::<Person>().await;
        let mut session = db.session();
        let ann = session.add(person("Paris", 1, 1));
        session.commit().await.unwrap();
        db.trace.take();
        session[ann].address.city = "Rome".to_owned();
        session[ann].office = Place { longitude: 7.0, ..session[ann].office.clone() };
        session.commit().await.unwrap();
        assert_statements(
            &db.trace.take_statements(),
            &["UPDATE person SET address_town = ?, work_longitude = ? WHERE id = ?"],
        );
        let row = db.session().rows(Person::select()).await.unwrap().remove(0);
        assert_eq!((row.address.city.as_str(), row.office.longitude), ("Rome", 7.0));
        session[ann].address.position.latitude = 9.0;
        session.rollback().await.unwrap();
        assert_eq!(session[ann].address.position.latitude, 1.0);
    }
}
