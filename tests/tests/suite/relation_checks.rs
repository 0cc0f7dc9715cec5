//! Relations that contradict the foreign keys by which they are followed: found when the metadata is built, before anything is sent.

use orm::{Metadata, Models};
use orm_tests::both_forms;
use orm_tests::prelude::*;

/// A model with a key and these fields.
macro_rules! model {
    ($name:ident { $($fields:tt)* }) => {
        #[derive(Model)]
        struct $name {
            #[model(key, auto)]
            id: i64,
            $($fields)*
        }
    };
}

#[track_caller]
fn check<M: Models>(expected: &str) {
    let error = Metadata::of::<M>().check().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSchema);
    assert_eq!(error.to_string(), format!("invalid schema: {expected}"));
}

model!(Shelf { #[model(cascade = "set_null")] books: HasMany<Book>, });
model!(Book { shelf: BelongsTo<Shelf>, });

/// [CAS-10] A reference that cannot be empty cannot be emptied.
#[test]
fn set_null_needs_a_reference_that_can_be() {
    check::<Book>(
        "Shelf::books, a relation to Book: cascade = \"set_null\" would empty the reference of Book (shelf_id), which cannot be \
         empty; make that an Option<BelongsTo<Shelf>>, or choose \"delete\", \"delete_orphan\", \"restrict\" or \"database\"",
    );
}

model!(House { #[model(cascade = "database")] rooms: HasMany<Room>, });
model!(Room { #[model(on_delete = "restrict")] house: BelongsTo<House>, });

/// [CAS-10] What is left to the database is something that the database does.
#[test]
fn the_database_needs_an_action() {
    check::<House>(
        "House::rooms, a relation to Room: cascade = \"database\" leaves the rows to the foreign key, but the reference of Room \
         (house_id) does nothing when a House is deleted; put on_delete = \"cascade\" or on_delete = \"set_null\" there",
    );
}

model!(Person { passport: HasOne<Passport>, });
model!(Passport { holder: Option<BelongsTo<Person>>, });

/// [CAS-10] A one-to-one is one by a unique reference.
#[test]
fn has_one_needs_a_unique_reference() {
    check::<Person>(
        "Person::passport, a relation to Passport: it is a HasOne, but the reference of Passport (holder_id) is not unique, so \
         there may be many; put #[model(unique)] there, or make this a HasMany",
    );
}

model!(Film { actors: ManyToMany<Actor>, });
model!(Actor { films: ManyToMany<Film>, });

model!(Song { #[model(table = "sung")] singers: ManyToMany<Singer>, });
model!(Singer { #[model(table = "sung")] songs: ManyToMany<Song>, });

/// [CAS-10] Two sides that each make a table of their own are hardly meant.
#[test]
fn both_sides_share_a_join_table() {
    check::<Film>(
        "Film::actors, a relation to Actor: it and Actor::films have a join table each, film_actors and actor_films. Is \
         Actor::films the other side of Film::actors? Then put via = Film::ACTORS there; if not, give both a name by table = \"…\"",
    );
    check::<Singer>(
        "Singer::songs, a relation to Song: it and Song::singers have a join table each, sung and sung. Is Song::singers the \
         other side of Singer::songs? Then put via = Singer::SONGS there; if not, give both a name by table = \"…\"",
    );
}

model!(Page { #[model(through(Jump::FROM, Jump::FROM))] pages: ManyToMany<Page>, });
model!(Jump { from: BelongsTo<Page>, to: BelongsTo<Page>, });

/// [CAS-10] A link has two ends.
#[test]
fn links_have_two_ends() {
    check::<Page>(
        "Page::pages, a relation to Page: through names one reference of jump for both sides; name the one to this side, then \
         the one to the other",
    );
}

model!(Ship {
    #[model(via = Sailor::SHIP, cascade = "database")]
    crew: HasMany<Sailor>,
    #[model(cascade = "set_null")]
    flag: HasOne<Flag>,
    #[model(table = "calls")]
    ports: ManyToMany<Port>,
    #[model(via = Port::HOSTS)]
    hosts: ManyToMany<Port>,
});
model!(Sailor { #[model(on_delete = "set_null")] ship: Option<BelongsTo<Ship>>, last: Option<BelongsTo<Ship>>, });
model!(Flag { #[model(unique)] ship: Option<BelongsTo<Ship>>, });
model!(Port { #[model(table = "guests")] hosts: ManyToMany<Ship>, });

#[both_forms]
mod relation_checks {
    use super::*;

    /// What can be kept is no mistake; what cannot is one before any SQL.
    #[case]
    async fn create_all_checks(db: Db) {
        db.create::<Ship>().await;
        db.trace.take();
        let error = db.engine.create_all(&Metadata::of::<Film>()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSchema);
        assert_eq!(db.trace.take().len(), 0);
    }
}
