//! The 22 queries of TPC-H in the typed language.

use jiff::civil::{Date, date};
use orm::Query;
use orm::functions::{DatePart, cast, count_distinct, extract, substring};
use orm_tests::prelude::*;

use super::models::{Customer, LineItem, Nation, Order, Part, PartSupp, Region, Supplier};

/// What is paid for a line, in hundredths of a cent.
fn revenue() -> orm::Expr<i64> {
    LineItem::PRICE * (value(100_i64) - LineItem::DISCOUNT)
}

#[expect(clippy::type_complexity, reason = "the summary has that many columns")]
pub(super) fn pricing_summary() -> impl Query<
    Shape = (
        String,
        String,
        Option<i64>,
        Option<i64>,
        Option<i64>,
        Option<i64>,
        Option<f64>,
        Option<f64>,
        Option<f64>,
        i64,
    ),
> {
    let columns = (
        LineItem::RETURNED,
        LineItem::STATUS,
        sum(LineItem::QUANTITY),
        sum(LineItem::PRICE),
        sum(revenue()),
        sum(revenue() * (value(100_i64) + LineItem::TAX)),
        avg(LineItem::QUANTITY),
        avg(LineItem::PRICE),
        avg(LineItem::DISCOUNT),
        count_all(),
    );
    select(columns)
        .filter(LineItem::SHIPPED.le(date(1998, 9, 2)))
        .group_by((LineItem::RETURNED, LineItem::STATUS))
        .order_by(LineItem::RETURNED.asc())
        .order_by(LineItem::STATUS.asc())
}

type Offer = (i64, String, String, i64, String, String, String, String);

pub(super) fn minimum_cost_supplier() -> impl Query<Shape = Offer> {
    let cheapest = select(min(PartSupp::COST))
        .join(PartSupp::SUPPLIER)
        .join(Supplier::NATION)
        .join(Nation::REGION)
        .filter(PartSupp::PART_ID.eq(Part::ID))
        .filter(Region::NAME.eq("EUROPE"));
    let columns = (
        Supplier::BALANCE,
        Supplier::NAME,
        Nation::NAME,
        Part::ID,
        Part::MANUFACTURER,
        Supplier::ADDRESS,
        Supplier::PHONE,
        Supplier::COMMENT,
    );
    select(columns)
        .from(Part::entity())
        .join(PartSupp::PART)
        .join(PartSupp::SUPPLIER)
        .join(Supplier::NATION)
        .join(Nation::REGION)
        .filter(Part::SIZE.eq(15))
        .filter(Part::KIND.ends_with("BRASS"))
        .filter(Region::NAME.eq("EUROPE"))
        .filter(PartSupp::COST.eq(cheapest))
        .order_by(Supplier::BALANCE.desc())
        .order_by(Nation::NAME.asc())
        .order_by(Supplier::NAME.asc())
        .order_by(Part::ID.asc())
        .limit(100)
}

pub(super) fn shipping_priority() -> impl Query<Shape = (i64, Option<i64>, Date, i32)> {
    let revenue = sum(revenue()).label("revenue");
    select((LineItem::ORDER_ID, &revenue, Order::DATE, Order::SHIP_PRIORITY))
        .from(Customer::entity())
        .join(Order::CUSTOMER)
        .join(LineItem::ORDER)
        .filter(Customer::SEGMENT.eq("BUILDING"))
        .filter(Order::DATE.lt(date(1995, 3, 15)))
        .filter(LineItem::SHIPPED.gt(date(1995, 3, 15)))
        .group_by((LineItem::ORDER_ID, Order::DATE, Order::SHIP_PRIORITY))
        .order_by(revenue.desc())
        .order_by(Order::DATE.asc())
        .limit(10)
}

pub(super) fn order_priority() -> impl Query<Shape = (String, i64)> {
    select((Order::PRIORITY, count_all()))
        .filter(Order::DATE.ge(date(1993, 7, 1)))
        .filter(Order::DATE.lt(date(1993, 10, 1)))
        .filter(LineItem::ORDER.reverse().any(LineItem::COMMITTED.lt(LineItem::RECEIVED)))
        .group_by(Order::PRIORITY)
        .order_by(Order::PRIORITY.asc())
}

pub(super) fn local_supplier_volume() -> impl Query<Shape = (String, Option<i64>)> {
    let revenue = sum(revenue()).label("revenue");
    let is_local = Supplier::ID.eq(LineItem::SUPPLIER_ID) & Supplier::NATION_ID.eq(Customer::NATION_ID);
    select((Nation::NAME, &revenue))
        .from(Customer::entity())
        .join(Order::CUSTOMER)
        .join(LineItem::ORDER)
        .join(Supplier::entity().on(is_local))
        .join(Supplier::NATION)
        .join(Nation::REGION)
        .filter(Region::NAME.eq("ASIA"))
        .filter(Order::DATE.ge(date(1994, 1, 1)))
        .filter(Order::DATE.lt(date(1996, 1, 1)))
        .group_by(Nation::NAME)
        .order_by(revenue.desc())
}

pub(super) fn forecast_revenue_change() -> impl Query<Shape = Option<i64>> {
    select(sum(LineItem::PRICE * LineItem::DISCOUNT))
        .filter(LineItem::SHIPPED.ge(date(1994, 1, 1)))
        .filter(LineItem::SHIPPED.lt(date(1995, 1, 1)))
        .filter(LineItem::DISCOUNT.between(5, 7))
        .filter(LineItem::QUANTITY.lt(24))
}

pub(super) fn volume_shipping() -> impl Query<Shape = (String, String, i32, Option<i64>)> {
    let (n1, n2) = (Nation::alias("n1"), Nation::alias("n2"));
    let seller = Nation::NAME.of(n1).label("seller");
    let buyer = Nation::NAME.of(n2).label("buyer");
    let year = extract(DatePart::Year, LineItem::SHIPPED).label("year");
    let volume = revenue().label("volume");
    let between =
        |from: &'static str, to: &'static str| Nation::NAME.of(n1).eq(from) & Nation::NAME.of(n2).eq(to);
    let shipping = select((&seller, &buyer, &year, &volume))
        .from(Supplier::entity())
        .join(LineItem::SUPPLIER)
        .join(LineItem::ORDER)
        .join(Order::CUSTOMER)
        .join(Supplier::NATION.to(n1))
        .join(Customer::NATION.to(n2))
        .filter(between("FRANCE", "GERMANY") | between("GERMANY", "FRANCE"))
        .filter(LineItem::SHIPPED.between(date(1995, 1, 1), date(1996, 12, 31)))
        .subquery("shipping");
    let (seller, buyer, year) = (seller.of(&shipping), buyer.of(&shipping), year.of(&shipping));
    select((seller.clone(), buyer.clone(), year.clone(), sum(volume.of(&shipping))))
        .group_by((seller.clone(), buyer.clone(), year.clone()))
        .order_by(seller.asc())
        .order_by(buyer.asc())
        .order_by(year.asc())
}

pub(super) fn market_share() -> impl Query<Shape = (i32, Option<f64>)> {
    let (n1, n2) = (Nation::alias("n1"), Nation::alias("n2"));
    let year = extract(DatePart::Year, Order::DATE).label("year");
    let volume = revenue().label("volume");
    let nation = Nation::NAME.of(n2).label("nation");
    let all = select((&year, &volume, &nation))
        .from(Part::entity())
        .join(LineItem::PART)
        .join(LineItem::SUPPLIER)
        .join(LineItem::ORDER)
        .join(Order::CUSTOMER)
        .join(Customer::NATION.to(n1))
        .join(Nation::REGION.from(n1))
        .join(Supplier::NATION.to(n2))
        .filter(Region::NAME.eq("AMERICA"))
        .filter(Order::DATE.between(date(1995, 1, 1), date(1996, 12, 31)))
        .filter(Part::KIND.eq("ECONOMY ANODIZED STEEL"))
        .subquery("all_nations");
    let of_brazil = case().when(nation.of(&all).eq("BRAZIL"), volume.of(&all)).otherwise(0);
    let share = cast::<f64, _>(sum(of_brazil)) / cast::<f64, _>(sum(volume.of(&all)));
    let year = year.of(&all);
    select((year.clone(), share)).group_by(year.clone()).order_by(year.asc())
}

pub(super) fn product_profit() -> impl Query<Shape = (String, i32, Option<i64>)> {
    let nation = Nation::NAME.label("nation");
    let year = extract(DatePart::Year, Order::DATE).label("year");
    let amount = (revenue() - PartSupp::COST * LineItem::QUANTITY * 100).label("profit");
    let offer = PartSupp::PART_ID.eq(LineItem::PART_ID) & PartSupp::SUPPLIER_ID.eq(LineItem::SUPPLIER_ID);
    let profit = select((&nation, &year, &amount))
        .from(Part::entity())
        .join(LineItem::PART)
        .join(LineItem::SUPPLIER)
        .join(PartSupp::entity().on(offer))
        .join(LineItem::ORDER)
        .join(Supplier::NATION)
        .filter(Part::NAME.contains("green"))
        .subquery("profit");
    let (nation, year) = (nation.of(&profit), year.of(&profit));
    select((nation.clone(), year.clone(), sum(amount.of(&profit))))
        .group_by((nation.clone(), year.clone()))
        .order_by(nation.asc())
        .order_by(year.desc())
}

type Returner = (i64, String, Option<i64>, i64, String, String, String, String);

pub(super) fn returned_items() -> impl Query<Shape = Returner> {
    let revenue = sum(revenue()).label("revenue");
    let columns = (
        Customer::ID,
        Customer::NAME,
        &revenue,
        Customer::BALANCE,
        Nation::NAME,
        Customer::ADDRESS,
        Customer::PHONE,
        Customer::COMMENT,
    );
    select(columns)
        .from(Customer::entity())
        .join(Order::CUSTOMER)
        .join(LineItem::ORDER)
        .join(Customer::NATION)
        .filter(Order::DATE.ge(date(1993, 10, 1)))
        .filter(Order::DATE.lt(date(1994, 1, 1)))
        .filter(LineItem::RETURNED.eq("R"))
        .group_by((Customer::entity(), Nation::NAME))
        .order_by(revenue.desc())
        .order_by(Customer::ID.asc())
        .limit(20)
}

pub(super) fn important_stock() -> impl Query<Shape = (i64, Option<i64>)> {
    let worth = || sum(PartSupp::COST * PartSupp::AVAILABLE);
    let value = worth().label("value");
    let all =
        select(worth()).join(PartSupp::SUPPLIER).join(Supplier::NATION).filter(Nation::NAME.eq("GERMANY"));
    select((PartSupp::PART_ID, &value))
        .join(PartSupp::SUPPLIER)
        .join(Supplier::NATION)
        .filter(Nation::NAME.eq("GERMANY"))
        .group_by(PartSupp::PART_ID)
        .having((worth() * 50).gt(all))
        .order_by(value.desc())
        .order_by(PartSupp::PART_ID.asc())
}

pub(super) fn shipping_modes() -> impl Query<Shape = (String, Option<i64>, Option<i64>)> {
    let urgent = || Order::PRIORITY.in_(["1-URGENT", "2-HIGH"]);
    let high = sum(case().when(urgent(), 1).otherwise(0));
    let low = sum(case().when(!urgent(), 1).otherwise(0));
    select((LineItem::MODE, high, low))
        .join(LineItem::ORDER)
        .filter(LineItem::MODE.in_(["MAIL", "SHIP"]))
        .filter(LineItem::COMMITTED.lt(LineItem::RECEIVED))
        .filter(LineItem::SHIPPED.lt(LineItem::COMMITTED))
        .filter(LineItem::RECEIVED.ge(date(1994, 1, 1)))
        .filter(LineItem::RECEIVED.lt(date(1995, 1, 1)))
        .group_by(LineItem::MODE)
        .order_by(LineItem::MODE.asc())
}

pub(super) fn customer_distribution() -> impl Query<Shape = (i64, i64)> {
    let orders = count(Order::ID).label("orders");
    let wanted = Order::CUSTOMER_ID.eq(Customer::ID) & !Order::COMMENT.like("%special%requests%");
    let counted = select((Customer::ID, &orders))
        .left_join(Order::entity().on(wanted))
        .group_by(Customer::ID)
        .subquery("counted");
    let (orders, customers) = (orders.of(&counted), count_all().label("customers"));
    select((orders.clone(), &customers))
        .group_by(orders.clone())
        .order_by(customers.desc())
        .order_by(orders.desc())
}

pub(super) fn promotion_effect() -> impl Query<Shape = Option<f64>> {
    let promoted = case().when(Part::KIND.starts_with("PROMO"), revenue()).otherwise(0);
    let share = cast::<f64, _>(sum(promoted) * 100) / cast::<f64, _>(sum(revenue()));
    select(share)
        .from(LineItem::entity())
        .join(LineItem::PART)
        .filter(LineItem::SHIPPED.ge(date(1995, 9, 1)))
        .filter(LineItem::SHIPPED.lt(date(1995, 10, 1)))
}

pub(super) fn top_supplier() -> impl Query<Shape = (i64, String, String, String, Option<i64>)> {
    let total = sum(revenue()).label("total");
    let revenue = select((LineItem::SUPPLIER_ID, &total))
        .filter(LineItem::SHIPPED.ge(date(1996, 1, 1)))
        .filter(LineItem::SHIPPED.lt(date(1996, 4, 1)))
        .group_by(LineItem::SUPPLIER_ID);
    let revenue = cte("revenue", revenue);
    let most = select(max(total.of(&revenue)));
    select((Supplier::ID, Supplier::NAME, Supplier::ADDRESS, Supplier::PHONE, total.of(&revenue)))
        .join(revenue.on(LineItem::SUPPLIER_ID.of(&revenue).eq(Supplier::ID)))
        .filter(total.of(&revenue).eq(most))
        .order_by(Supplier::ID.asc())
}

pub(super) fn parts_and_suppliers() -> impl Query<Shape = (String, String, i32, i64)> {
    let suppliers = count_distinct(PartSupp::SUPPLIER_ID).label("suppliers");
    let complained_of = select(Supplier::ID).filter(Supplier::COMMENT.like("%Customer%Complaints%"));
    select((Part::BRAND, Part::KIND, Part::SIZE, &suppliers))
        .join(PartSupp::PART)
        .filter(Part::BRAND.ne("Brand#12"))
        .filter(!Part::KIND.starts_with("MEDIUM POLISHED"))
        .filter(Part::SIZE.in_([1, 3, 5, 7, 9, 11, 13, 15]))
        .filter(PartSupp::SUPPLIER_ID.not_in(complained_of))
        .group_by((Part::BRAND, Part::KIND, Part::SIZE))
        .order_by(suppliers.desc())
        .order_by(Part::BRAND.asc())
        .order_by(Part::KIND.asc())
        .order_by(Part::SIZE.asc())
}

pub(super) fn small_orders() -> impl Query<Shape = Option<f64>> {
    let other = LineItem::alias("other");
    let fifth =
        select(avg(LineItem::QUANTITY.of(other)) * 0.6).filter(LineItem::PART_ID.of(other).eq(Part::ID));
    select(cast::<f64, _>(sum(LineItem::PRICE)) / 7.0)
        .from(LineItem::entity())
        .join(LineItem::PART)
        .filter(Part::BRAND.eq("Brand#23"))
        .filter(Part::CONTAINER.eq("MED BOX"))
        .filter(cast::<f64, _>(LineItem::QUANTITY).lt(fifth))
}

pub(super) fn large_orders() -> impl Query<Shape = (String, i64, i64, Date, i64, Option<i64>)> {
    let large =
        select(LineItem::ORDER_ID).group_by(LineItem::ORDER_ID).having(sum(LineItem::QUANTITY).gt(200));
    let quantity = sum(LineItem::QUANTITY);
    select((Customer::NAME, Customer::ID, Order::ID, Order::DATE, Order::TOTAL, quantity))
        .join(Order::CUSTOMER)
        .join(LineItem::ORDER)
        .filter(Order::ID.in_(large))
        .group_by((Customer::NAME, Customer::ID, Order::ID, Order::DATE, Order::TOTAL))
        .order_by(Order::TOTAL.desc())
        .order_by(Order::DATE.asc())
        .limit(100)
}

pub(super) fn discounted_revenue() -> impl Query<Shape = Option<i64>> {
    let bundle = |brand: &'static str, containers: [&'static str; 2], quantity: i64, size: i32| {
        Part::BRAND.eq(brand)
            & Part::CONTAINER.in_(containers)
            & LineItem::QUANTITY.between(quantity, quantity + 10)
            & Part::SIZE.between(1, size)
    };
    select(sum(revenue()))
        .join(LineItem::PART)
        .filter(LineItem::MODE.in_(["AIR", "AIR REG"]))
        .filter(LineItem::INSTRUCTIONS.eq("DELIVER IN PERSON"))
        .filter(
            bundle("Brand#12", ["SM CASE", "SM BOX"], 1, 5)
                | bundle("Brand#23", ["MED BAG", "MED BOX"], 10, 10)
                | bundle("Brand#33", ["LG BOX", "LG PACK"], 20, 15),
        )
}

pub(super) fn part_promotion() -> impl Query<Shape = (String, String)> {
    let forest = select(Part::ID).filter(Part::NAME.starts_with("forest"));
    let half_of_sold = select(cast::<f64, _>(sum(LineItem::QUANTITY)) * 0.5)
        .from(LineItem::entity())
        .filter(LineItem::PART_ID.eq(PartSupp::PART_ID))
        .filter(LineItem::SUPPLIER_ID.eq(PartSupp::SUPPLIER_ID))
        .filter(LineItem::SHIPPED.ge(date(1994, 1, 1)))
        .filter(LineItem::SHIPPED.lt(date(1996, 1, 1)));
    let with_surplus = select(PartSupp::SUPPLIER_ID)
        .filter(PartSupp::PART_ID.in_(forest))
        .filter(cast::<f64, _>(PartSupp::AVAILABLE).gt(half_of_sold));
    select((Supplier::NAME, Supplier::ADDRESS))
        .join(Supplier::NATION)
        .filter(Nation::NAME.eq("CANADA"))
        .filter(Supplier::ID.in_(with_surplus))
        .order_by(Supplier::NAME.asc())
}

pub(super) fn waiting_suppliers() -> impl Query<Shape = (String, i64)> {
    let (other, late) = (LineItem::alias("other"), LineItem::alias("late"));
    let same_order = |line: orm::Alias<LineItem>| {
        LineItem::ORDER_ID.of(line).eq(LineItem::ORDER_ID)
            & LineItem::SUPPLIER_ID.of(line).ne(LineItem::SUPPLIER_ID)
    };
    let others = select(other).filter(same_order(other));
    let late_ones = select(late)
        .filter(same_order(late))
        .filter(LineItem::RECEIVED.of(late).gt(LineItem::COMMITTED.of(late)));
    let waiting = count_all().label("waiting");
    select((Supplier::NAME, &waiting))
        .join(LineItem::SUPPLIER)
        .join(LineItem::ORDER)
        .join(Supplier::NATION)
        .filter(Order::STATUS.eq("F"))
        .filter(LineItem::RECEIVED.gt(LineItem::COMMITTED))
        .filter(Nation::NAME.eq("SAUDI ARABIA"))
        .filter(exists(others))
        .filter(!exists(late_ones))
        .group_by(Supplier::NAME)
        .order_by(waiting.desc())
        .order_by(Supplier::NAME.asc())
        .limit(100)
}

pub(super) fn sales_opportunity() -> impl Query<Shape = (String, i64, Option<i64>)> {
    const CODES: [&str; 7] = ["13", "31", "23", "29", "30", "18", "17"];
    let rich = Customer::alias("rich");
    let average = select(avg(Customer::BALANCE.of(rich)))
        .filter(Customer::BALANCE.of(rich).gt(0))
        .filter(substring(Customer::PHONE.of(rich), 1, 2).in_(CODES));
    let code = substring(Customer::PHONE, 1, 2).label("code");
    let sales = select((&code, Customer::BALANCE))
        .from(Customer::entity())
        .filter(substring(Customer::PHONE, 1, 2).in_(CODES))
        .filter(cast::<f64, _>(Customer::BALANCE).gt(average))
        .filter(!Order::CUSTOMER.reverse().exists())
        .subquery("sales");
    let code = code.of(&sales);
    select((code.clone(), count_all(), sum(Customer::BALANCE.of(&sales))))
        .group_by(code.clone())
        .order_by(code.asc())
}
