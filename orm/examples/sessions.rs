//! A small web shop without the web: requests on threads share one `SessionMaker`, counters lose nothing, a form that was open for
//! too long is refused, and units of work that get in each other's way are run again. `cargo run --example sessions`

use std::thread;

use orm::prelude::*;

#[derive(Model, Debug)]
#[model(table = "products")]
struct Product {
    #[model(key, auto)]
    id: i64,
    name: String,
    stock: i32,
    #[model(version)]
    version: i32,
}

/// Apart from the product, as each change of a product makes the forms that are open for it out of date.
#[derive(Model, Debug)]
#[model(table = "views")]
struct Views {
    #[model(key)]
    product: BelongsTo<Product>,
    #[model(default = 0)]
    count: i64,
}

#[derive(Model, Debug)]
#[model(table = "orders")]
struct Order {
    #[model(key, auto)]
    id: i64,
    product: BelongsTo<Product>,
    pieces: i32,
}

/// What the server keeps: a maker is cheap to clone and shared between threads.
#[derive(Clone)]
struct Shop {
    sessions: SessionMaker,
}

impl Shop {
    /// `GET /products/{id}`: the database counts, so no view is lost, and nothing is loaded for it.
    fn view(&self, id: i64) -> orm::Result<()> {
        self.sessions.transaction(|session| {
            let views = session.reference::<Views>(id)?;
            session.set(views, Views::COUNT, Views::COUNT + 1)
        })
    }

    /// `POST /orders`: reads, decides and writes. If another order comes in between, all of it is done again.
    fn order(&self, id: i64, pieces: i32) -> orm::Result<bool> {
        self.sessions.transaction(|session| {
            let Some(product) = session.get_for_update::<Product>(id)? else { return Ok(false) };
            if session[product].stock < pieces {
                return Ok(false);
            }
            session[product].stock -= pieces;
            session.add(Order::new(product, pieces));
            Ok(true)
        })
    }

    /// `GET /products/{id}/edit`: the struct goes out to the browser, with the version that it was made from.
    fn form(&self, id: i64) -> orm::Result<Product> {
        self.sessions.begin(|session| {
            let product = session.get_one::<Product>(id)?;
            session.detach(product)
        })
    }

    /// `PUT /products/{id}`: the struct comes back. `StaleData` if the product has been changed since; the browser shows both.
    fn save(&self, form: Product) -> orm::Result<String> {
        self.sessions.begin(|session| {
            let product = session.merge(form)?;
            Ok(session.history(product)?.to_string())
        })
    }
}

fn main() -> orm::Result<()> {
    let file = std::env::temp_dir().join(format!("orm-sessions-{}.db", std::process::id()));
    let result = run(&format!("sqlite:///{}", file.display()));
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    result
}

fn run(url: &str) -> orm::Result<()> {
    let engine = Engine::open(url)?;
    engine.create_all(&Metadata::of::<(Views, Order)>())?;
    let shop = Shop { sessions: SessionMaker::new(&engine) };
    let tea = shop.sessions.begin(|session| {
        let tea = session.add(Product::new("Tea", 10));
        session.add(Views::new(tea));
        session.flush()?;
        Ok(session[tea].id)
    })?;

    let customers: Vec<_> = (0..4)
        .map(|_| {
            let shop = shop.clone();
            thread::spawn(move || {
                shop.view(tea)?;
                shop.order(tea, 3)
            })
        })
        .collect();
    let mut served = 0;
    for customer in customers {
        served += usize::from(customer.join().expect("no request panics")?);
    }
    let product = shop.form(tea)?;
    let views = shop.sessions.session().one(select(Views::COUNT))?;
    println!("{served} of 4 were served, {} pieces are left, {views} views", product.stock);
    assert_eq!((served, product.stock, views), (3, 1, 4));

    let (mut first, mut second) = (product, shop.form(tea)?);
    first.name = "Green tea".to_owned();
    second.stock = 50;
    println!("saved: {}", shop.save(first)?);
    let refused = shop.save(second).expect_err("it was made from another version");
    assert_eq!(refused.kind(), ErrorKind::StaleData);
    println!("refused: {refused}");

    let mut again = shop.form(tea)?;
    again.stock = 50;
    println!("saved: {}", shop.save(again)?);
    engine.dispose();
    Ok(())
}
