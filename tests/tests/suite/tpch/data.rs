//! A small data set, the same at each run, in which each of the queries finds something.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan as _};
use orm_tests::prelude::*;

use super::models::{Customer, LineItem, Nation, Order, Part, PartSupp, Region, Supplier};

const REGIONS: [&str; 5] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];
const NATIONS: [(&str, i64); 10] = [
    ("MOROCCO", 1),
    ("BRAZIL", 2),
    ("CANADA", 2),
    ("CHINA", 3),
    ("INDIA", 3),
    ("FRANCE", 4),
    ("GERMANY", 4),
    ("RUSSIA", 4),
    ("SAUDI ARABIA", 5),
    ("EGYPT", 5),
];
const COLOURS: [&str; 6] = ["green", "forest", "almond", "navy", "tomato", "linen"];
const KINDS: [&str; 6] = [
    "ECONOMY ANODIZED STEEL",
    "PROMO BURNISHED COPPER",
    "MEDIUM POLISHED TIN",
    "STANDARD BRUSHED BRASS",
    "LARGE PLATED BRASS",
    "PROMO PLATED STEEL",
];
const CONTAINERS: [&str; 6] = ["SM CASE", "MED BOX", "LG BOX", "SM BOX", "MED BAG", "LG PACK"];
const SEGMENTS: [&str; 3] = ["BUILDING", "AUTOMOBILE", "MACHINERY"];
const PRIORITIES: [&str; 5] = ["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"];
const MODES: [&str; 5] = ["MAIL", "SHIP", "AIR", "AIR REG", "TRUCK"];
const INSTRUCTIONS: [&str; 2] = ["DELIVER IN PERSON", "TAKE BACK RETURN"];

/// Numbers that look random and are not.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.below(usize::try_from(high - low + 1).unwrap())).unwrap()
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn day(&mut self) -> Date {
        date(1992, 1, 1) + self.between(0, 2400).days()
    }

    fn phone(&mut self) -> String {
        format!("{}-{}", self.between(10, 34), self.between(1_000_000, 9_999_999))
    }
}

/// All rows, table by table.
pub(crate) struct Data {
    pub(crate) regions: Vec<Region>,
    pub(crate) nations: Vec<Nation>,
    pub(crate) suppliers: Vec<Supplier>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) parts: Vec<Part>,
    pub(crate) offers: Vec<PartSupp>,
    pub(crate) orders: Vec<Order>,
    pub(crate) lines: Vec<LineItem>,
}

impl Data {
    pub(crate) fn generate() -> Self {
        let numbers = &mut Numbers(20_261_121);
        let parts = numbered(120, |id| part(id, numbers));
        let offers = numbered(480, |id| offer(id, numbers));
        let orders = numbered(600, |id| order(id, numbers));
        let lines = lines(&orders, &offers, numbers);
        Self {
            regions: numbered(5, |id| Region { id, name: REGIONS[index(id)].into() }),
            nations: numbered(10, nation),
            suppliers: numbered(20, |id| supplier(id, numbers)),
            customers: numbered(60, |id| customer(id, numbers)),
            parts,
            offers,
            orders,
            lines,
        }
    }
}

fn numbered<T>(count: i64, make: impl FnMut(i64) -> T) -> Vec<T> {
    (1..=count).map(make).collect()
}

fn index(id: i64) -> usize {
    usize::try_from(id - 1).unwrap()
}

fn nation(id: i64) -> Nation {
    let (name, region) = NATIONS[index(id)];
    Nation { id, name: name.into(), region: BelongsTo::key(region) }
}

fn supplier(id: i64, numbers: &mut Numbers) -> Supplier {
    let comment = if id % 7 == 0 { "slow Customer service, many Complaints" } else { "quick" };
    Supplier {
        id,
        name: format!("Supplier#{id:09}"),
        address: format!("{} Street", numbers.between(1, 99)),
        phone: numbers.phone(),
        balance: numbers.between(-99_999, 999_999),
        comment: comment.into(),
        nation: BelongsTo::key(1 + (id % 10)),
    }
}

fn customer(id: i64, numbers: &mut Numbers) -> Customer {
    Customer {
        id,
        name: format!("Customer#{id:09}"),
        address: format!("{} Road", numbers.between(1, 99)),
        phone: numbers.phone(),
        balance: numbers.between(-99_999, 999_999),
        segment: numbers.of(&SEGMENTS).into(),
        comment: "of no interest".into(),
        nation: BelongsTo::key(1 + (id % 10)),
    }
}

fn part(id: i64, numbers: &mut Numbers) -> Part {
    Part {
        id,
        name: format!("{} {}", numbers.of(&COLOURS), numbers.of(&COLOURS)),
        manufacturer: format!("Manufacturer#{}", numbers.between(1, 5)),
        brand: format!("Brand#{}{}", numbers.between(1, 3), numbers.between(2, 3)),
        kind: numbers.of(&KINDS).into(),
        size: i32::try_from(numbers.between(1, 15)).unwrap(),
        container: numbers.of(&CONTAINERS).into(),
    }
}

/// Four suppliers for each part.
fn offer(id: i64, numbers: &mut Numbers) -> PartSupp {
    let (part, turn) = ((id - 1) / 4 + 1, (id - 1) % 4);
    PartSupp {
        id,
        part: BelongsTo::key(part),
        supplier: BelongsTo::key(1 + (part + turn * 5) % 20),
        available: numbers.between(1, 999),
        cost: numbers.between(100, 99_999),
    }
}

/// A third of the customers order nothing.
fn order(id: i64, numbers: &mut Numbers) -> Order {
    let customer = numbers.between(1, 60);
    let comment = if id % 9 == 0 { "special packages, urgent requests" } else { "plain" };
    Order {
        id,
        customer: BelongsTo::key(if customer % 3 == 0 { customer - 1 } else { customer }),
        status: numbers.of(&["F", "O", "P"]).into(),
        total: numbers.between(100_000, 50_000_000),
        date: numbers.day(),
        priority: numbers.of(&PRIORITIES).into(),
        ship_priority: 0,
        comment: comment.into(),
    }
}

fn lines(orders: &[Order], offers: &[PartSupp], numbers: &mut Numbers) -> Vec<LineItem> {
    let mut lines = Vec::new();
    for order in orders {
        for _ in 0..numbers.between(1, 7) {
            let id = i64::try_from(lines.len()).unwrap() + 1;
            lines.push(line(id, order, &offers[numbers.below(offers.len())], numbers));
        }
    }
    lines
}

fn line(id: i64, order: &Order, offer: &PartSupp, numbers: &mut Numbers) -> LineItem {
    let after = |days: i64| order.date + SignedDuration::from_hours(24 * days);
    let shipped = after(numbers.between(1, 121));
    LineItem {
        id,
        order: BelongsTo::key(order.id),
        part: offer.part.clone(),
        supplier: offer.supplier.clone(),
        quantity: numbers.between(1, 50),
        price: numbers.between(10_000, 9_000_000),
        discount: numbers.between(0, 10),
        tax: numbers.between(0, 8),
        returned: numbers.of(&["R", "A", "N"]).into(),
        status: numbers.of(&["O", "F"]).into(),
        shipped,
        committed: after(numbers.between(30, 90)),
        received: shipped + numbers.between(1, 30).days(),
        instructions: numbers.of(&INSTRUCTIONS).into(),
        mode: numbers.of(&MODES).into(),
    }
}
