//! The 22 queries of TPC-H as plain SQL, to compare with. `date('…')` is a date on both databases; `YEAR(…)` is written for
//! each. Parameters are chosen for the small data set.

pub(crate) const QUERIES: [&str; 22] = [
    "SELECT l.returned, l.status, CAST(SUM(l.quantity) AS BIGINT), CAST(SUM(l.price) AS BIGINT),
        CAST(SUM(l.price * (100 - l.discount)) AS BIGINT),
        CAST(SUM(l.price * (100 - l.discount) * (100 + l.tax)) AS BIGINT),
        CAST(AVG(l.quantity) AS DOUBLE PRECISION), CAST(AVG(l.price) AS DOUBLE PRECISION),
        CAST(AVG(l.discount) AS DOUBLE PRECISION), COUNT(*)
     FROM lineitem l WHERE l.shipped <= date('1998-09-02')
     GROUP BY l.returned, l.status ORDER BY l.returned, l.status",
    "SELECT s.balance, s.name, n.name, p.id, p.manufacturer, s.address, s.phone, s.comment
     FROM part p JOIN partsupp ps ON ps.part_id = p.id JOIN supplier s ON s.id = ps.supplier_id
        JOIN nation n ON n.id = s.nation_id JOIN region r ON r.id = n.region_id
     WHERE p.size = 15 AND p.kind LIKE '%BRASS' AND r.name = 'EUROPE' AND ps.cost = (
        SELECT MIN(ps2.cost) FROM partsupp ps2 JOIN supplier s2 ON s2.id = ps2.supplier_id
            JOIN nation n2 ON n2.id = s2.nation_id JOIN region r2 ON r2.id = n2.region_id
        WHERE ps2.part_id = p.id AND r2.name = 'EUROPE')
     ORDER BY s.balance DESC, n.name, s.name, p.id LIMIT 100",
    "SELECT l.order_id, CAST(SUM(l.price * (100 - l.discount)) AS BIGINT) AS revenue, o.date, o.ship_priority
     FROM customer c JOIN orders o ON o.customer_id = c.id JOIN lineitem l ON l.order_id = o.id
     WHERE c.segment = 'BUILDING' AND o.date < date('1995-03-15') AND l.shipped > date('1995-03-15')
     GROUP BY l.order_id, o.date, o.ship_priority ORDER BY revenue DESC, o.date LIMIT 10",
    "SELECT o.priority, COUNT(*) FROM orders o
     WHERE o.date >= date('1993-07-01') AND o.date < date('1993-10-01')
        AND EXISTS (SELECT * FROM lineitem l WHERE l.order_id = o.id AND l.committed < l.received)
     GROUP BY o.priority ORDER BY o.priority",
    "SELECT n.name, CAST(SUM(l.price * (100 - l.discount)) AS BIGINT) AS revenue
     FROM customer c JOIN orders o ON o.customer_id = c.id JOIN lineitem l ON l.order_id = o.id
        JOIN supplier s ON s.id = l.supplier_id AND s.nation_id = c.nation_id
        JOIN nation n ON n.id = s.nation_id JOIN region r ON r.id = n.region_id
     WHERE r.name = 'ASIA' AND o.date >= date('1994-01-01') AND o.date < date('1996-01-01')
     GROUP BY n.name ORDER BY revenue DESC",
    "SELECT CAST(SUM(l.price * l.discount) AS BIGINT) FROM lineitem l
     WHERE l.shipped >= date('1994-01-01') AND l.shipped < date('1995-01-01')
        AND l.discount BETWEEN 5 AND 7 AND l.quantity < 24",
    "SELECT t.seller, t.buyer, t.year, CAST(SUM(t.volume) AS BIGINT) FROM (
        SELECT n1.name AS seller, n2.name AS buyer, YEAR(l.shipped) AS year, l.price * (100 - l.discount) AS volume
        FROM supplier s JOIN lineitem l ON l.supplier_id = s.id JOIN orders o ON o.id = l.order_id
            JOIN customer c ON c.id = o.customer_id JOIN nation n1 ON n1.id = s.nation_id
            JOIN nation n2 ON n2.id = c.nation_id
        WHERE ((n1.name = 'FRANCE' AND n2.name = 'GERMANY') OR (n1.name = 'GERMANY' AND n2.name = 'FRANCE'))
            AND l.shipped BETWEEN date('1995-01-01') AND date('1996-12-31')) AS t
     GROUP BY t.seller, t.buyer, t.year ORDER BY t.seller, t.buyer, t.year",
    "SELECT t.year, CAST(SUM(CASE WHEN t.nation = 'BRAZIL' THEN t.volume ELSE 0 END) AS DOUBLE PRECISION)
        / CAST(SUM(t.volume) AS DOUBLE PRECISION) FROM (
        SELECT YEAR(o.date) AS year, l.price * (100 - l.discount) AS volume, n2.name AS nation
        FROM part p JOIN lineitem l ON l.part_id = p.id JOIN supplier s ON s.id = l.supplier_id
            JOIN orders o ON o.id = l.order_id JOIN customer c ON c.id = o.customer_id
            JOIN nation n1 ON n1.id = c.nation_id JOIN region r ON r.id = n1.region_id
            JOIN nation n2 ON n2.id = s.nation_id
        WHERE r.name = 'AMERICA' AND o.date BETWEEN date('1995-01-01') AND date('1996-12-31')
            AND p.kind = 'ECONOMY ANODIZED STEEL') AS t
     GROUP BY t.year ORDER BY t.year",
    "SELECT t.nation, t.year, CAST(SUM(t.profit) AS BIGINT) FROM (
        SELECT n.name AS nation, YEAR(o.date) AS year,
            l.price * (100 - l.discount) - 100 * ps.cost * l.quantity AS profit
        FROM part p JOIN lineitem l ON l.part_id = p.id JOIN supplier s ON s.id = l.supplier_id
            JOIN partsupp ps ON ps.part_id = l.part_id AND ps.supplier_id = l.supplier_id
            JOIN orders o ON o.id = l.order_id JOIN nation n ON n.id = s.nation_id
        WHERE p.name LIKE '%green%') AS t
     GROUP BY t.nation, t.year ORDER BY t.nation, t.year DESC",
    "SELECT c.id, c.name, CAST(SUM(l.price * (100 - l.discount)) AS BIGINT) AS revenue, c.balance, n.name,
        c.address, c.phone, c.comment
     FROM customer c JOIN orders o ON o.customer_id = c.id JOIN lineitem l ON l.order_id = o.id
        JOIN nation n ON n.id = c.nation_id
     WHERE o.date >= date('1993-10-01') AND o.date < date('1994-01-01') AND l.returned = 'R'
     GROUP BY c.id, c.name, c.balance, c.phone, n.name, c.address, c.comment
     ORDER BY revenue DESC, c.id LIMIT 20",
    "SELECT ps.part_id, CAST(SUM(ps.cost * ps.available) AS BIGINT) AS value
     FROM partsupp ps JOIN supplier s ON s.id = ps.supplier_id JOIN nation n ON n.id = s.nation_id
     WHERE n.name = 'GERMANY' GROUP BY ps.part_id
     HAVING SUM(ps.cost * ps.available) * 50 > (
        SELECT SUM(ps2.cost * ps2.available) FROM partsupp ps2 JOIN supplier s2 ON s2.id = ps2.supplier_id
            JOIN nation n2 ON n2.id = s2.nation_id WHERE n2.name = 'GERMANY')
     ORDER BY value DESC, ps.part_id",
    "SELECT l.mode,
        CAST(SUM(CASE WHEN o.priority = '1-URGENT' OR o.priority = '2-HIGH' THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(CASE WHEN o.priority <> '1-URGENT' AND o.priority <> '2-HIGH' THEN 1 ELSE 0 END) AS BIGINT)
     FROM orders o JOIN lineitem l ON l.order_id = o.id
     WHERE l.mode IN ('MAIL', 'SHIP') AND l.committed < l.received AND l.shipped < l.committed
        AND l.received >= date('1994-01-01') AND l.received < date('1995-01-01')
     GROUP BY l.mode ORDER BY l.mode",
    "SELECT t.orders, COUNT(*) AS customers FROM (
        SELECT c.id AS id, COUNT(o.id) AS orders FROM customer c
            LEFT JOIN orders o ON o.customer_id = c.id AND o.comment NOT LIKE '%special%requests%'
        GROUP BY c.id) AS t
     GROUP BY t.orders ORDER BY customers DESC, t.orders DESC",
    "SELECT CAST(100 * SUM(CASE WHEN p.kind LIKE 'PROMO%' THEN l.price * (100 - l.discount) ELSE 0 END)
        AS DOUBLE PRECISION) / CAST(SUM(l.price * (100 - l.discount)) AS DOUBLE PRECISION)
     FROM lineitem l JOIN part p ON p.id = l.part_id
     WHERE l.shipped >= date('1995-09-01') AND l.shipped < date('1995-10-01')",
    "WITH revenue AS (
        SELECT l.supplier_id AS supplier, CAST(SUM(l.price * (100 - l.discount)) AS BIGINT) AS total
        FROM lineitem l WHERE l.shipped >= date('1996-01-01') AND l.shipped < date('1996-04-01')
        GROUP BY l.supplier_id)
     SELECT s.id, s.name, s.address, s.phone, v.total FROM supplier s JOIN revenue v ON v.supplier = s.id
     WHERE v.total = (SELECT MAX(v2.total) FROM revenue v2) ORDER BY s.id",
    "SELECT p.brand, p.kind, p.size, COUNT(DISTINCT ps.supplier_id) AS suppliers
     FROM partsupp ps JOIN part p ON p.id = ps.part_id
     WHERE p.brand <> 'Brand#12' AND p.kind NOT LIKE 'MEDIUM POLISHED%' AND p.size IN (1, 3, 5, 7, 9, 11, 13, 15)
        AND ps.supplier_id NOT IN (SELECT s.id FROM supplier s WHERE s.comment LIKE '%Customer%Complaints%')
     GROUP BY p.brand, p.kind, p.size ORDER BY suppliers DESC, p.brand, p.kind, p.size",
    "SELECT CAST(SUM(l.price) AS DOUBLE PRECISION) / 7 FROM lineitem l JOIN part p ON p.id = l.part_id
     WHERE p.brand = 'Brand#23' AND p.container = 'MED BOX' AND l.quantity < (
        SELECT 0.6 * AVG(l2.quantity) FROM lineitem l2 WHERE l2.part_id = p.id)",
    "SELECT c.name, c.id, o.id, o.date, o.total, CAST(SUM(l.quantity) AS BIGINT)
     FROM customer c JOIN orders o ON o.customer_id = c.id JOIN lineitem l ON l.order_id = o.id
     WHERE o.id IN (SELECT l2.order_id FROM lineitem l2 GROUP BY l2.order_id HAVING SUM(l2.quantity) > 200)
     GROUP BY c.name, c.id, o.id, o.date, o.total ORDER BY o.total DESC, o.date LIMIT 100",
    "SELECT CAST(SUM(l.price * (100 - l.discount)) AS BIGINT) FROM lineitem l JOIN part p ON p.id = l.part_id
     WHERE l.mode IN ('AIR', 'AIR REG') AND l.instructions = 'DELIVER IN PERSON' AND (
        (p.brand = 'Brand#12' AND p.container IN ('SM CASE', 'SM BOX') AND l.quantity BETWEEN 1 AND 11
            AND p.size BETWEEN 1 AND 5)
        OR (p.brand = 'Brand#23' AND p.container IN ('MED BAG', 'MED BOX') AND l.quantity BETWEEN 10 AND 20
            AND p.size BETWEEN 1 AND 10)
        OR (p.brand = 'Brand#33' AND p.container IN ('LG BOX', 'LG PACK') AND l.quantity BETWEEN 20 AND 30
            AND p.size BETWEEN 1 AND 15))",
    "SELECT s.name, s.address FROM supplier s JOIN nation n ON n.id = s.nation_id
     WHERE n.name = 'CANADA' AND s.id IN (
        SELECT ps.supplier_id FROM partsupp ps
        WHERE ps.part_id IN (SELECT p.id FROM part p WHERE p.name LIKE 'forest%')
            AND ps.available > (SELECT 0.5 * SUM(l.quantity) FROM lineitem l
                WHERE l.part_id = ps.part_id AND l.supplier_id = ps.supplier_id
                    AND l.shipped >= date('1994-01-01') AND l.shipped < date('1996-01-01')))
     ORDER BY s.name",
    "SELECT s.name, COUNT(*) AS waiting
     FROM supplier s JOIN lineitem l1 ON l1.supplier_id = s.id JOIN orders o ON o.id = l1.order_id
        JOIN nation n ON n.id = s.nation_id
     WHERE o.status = 'F' AND l1.received > l1.committed AND n.name = 'SAUDI ARABIA'
        AND EXISTS (SELECT * FROM lineitem l2
            WHERE l2.order_id = l1.order_id AND l2.supplier_id <> l1.supplier_id)
        AND NOT EXISTS (SELECT * FROM lineitem l3
            WHERE l3.order_id = l1.order_id AND l3.supplier_id <> l1.supplier_id AND l3.received > l3.committed)
     GROUP BY s.name ORDER BY waiting DESC, s.name LIMIT 100",
    "SELECT t.code, COUNT(*), CAST(SUM(t.balance) AS BIGINT) FROM (
        SELECT substr(c.phone, 1, 2) AS code, c.balance AS balance FROM customer c
        WHERE substr(c.phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17')
            AND c.balance > (SELECT AVG(c2.balance) FROM customer c2
                WHERE c2.balance > 0 AND substr(c2.phone, 1, 2) IN ('13', '31', '23', '29', '30', '18', '17'))
            AND NOT EXISTS (SELECT * FROM orders o WHERE o.customer_id = c.id)) AS t
     GROUP BY t.code ORDER BY t.code",
];
