"""SQLAlchemy 2's ORM, which answers as the contestants in Rust do: a line `work NAME DATABASE WORKLOAD N COUNT` on standard input
is answered by what it cost, or by `none`. Tables, preparation and checks are those of `kit/src/tables.rs` and `kit/src/work.rs`.

As its documentation writes it: a `Session`, whose flush sends many rows in one statement (`add_all`, `commit`), `select`, `get_one`,
`selectinload`, `session.delete`. `expire_on_commit=False`, as objects are used after their commit; `passive_deletes="all"`, as the
database looks after posts whose user goes. The drivers are the standard library's sqlite3, and psycopg 3 with its part in C.
"""

import sys
import time

from sqlalchemy import BigInteger, ForeignKey, Integer, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

POSTS = 10
SAVED_AGE = 99
USERS = 10_000
PAGE = 100
BODY = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore"
Key = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str]
    age: Mapped[int]
    email: Mapped[str | None]
    created: Mapped[int] = mapped_column(BigInteger)
    posts: Mapped[list["Post"]] = relationship(back_populates="user", passive_deletes="all")


class Post(Base):
    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    title: Mapped[str]
    body: Mapped[str]
    user: Mapped[User] = relationship(back_populates="posts")


def age(number):
    return 18 + number % 50


def created(number):
    return 1_700_000_000_000_000 + number


def keys(n):
    return [number * 7_919 % n + 1 for number in range(n)]


def new_users(n):
    return [
        User(
            name=f"name{number}",
            age=age(number),
            email=f"{number}@example.org" if number % 2 == 0 else None,
            created=created(number),
        )
        for number in range(1, n + 1)
    ]


def adults(n):
    return select(User).where(User.id <= n, User.age >= 18)


class Clock:
    def __init__(self):
        self.wall = self.cpu = 0

    def start(self):
        self.wall -= time.perf_counter_ns()
        self.cpu -= time.process_time_ns()

    def stop(self):
        self.wall += time.perf_counter_ns()
        self.cpu += time.process_time_ns()


class SqlAlchemy:
    """Each workload as its users write it."""

    def __init__(self, engine):
        self.engine = engine

    def session(self):
        return Session(self.engine, expire_on_commit=False)

    def insert(self, clock, n):
        users = new_users(n)
        with self.session() as session:
            clock.start()
            session.add_all(users)
            session.commit()
            clock.stop()
        return sum(user.id for user in users)

    def insert_each(self, clock, n):
        users = new_users(n)
        with self.session() as session:
            clock.start()
            for user in users:
                session.add(user)
                session.commit()
            clock.stop()
        return sum(user.id for user in users)

    def load(self, clock, n):
        with self.session() as session:
            clock.start()
            users = session.scalars(adults(n)).all()
            clock.stop()
            return sum(user.age for user in users)

    def load_often(self, clock, n):
        return sum(self.load(clock, PAGE) for _ in range(n // PAGE))

    def get(self, clock, n):
        wanted = keys(n)
        with self.session() as session:
            clock.start()
            users = [session.get_one(User, key) for key in wanted]
            clock.stop()
            return sum(user.age for user in users)

    def save(self, clock, n):
        return self.save_first(clock, n, n)

    def save_few(self, clock, n):
        return self.save_first(clock, n, 100)

    def save_first(self, clock, n, count):
        with self.session() as session:
            users = session.scalars(adults(n)).all()
            session.commit()
            clock.start()
            for user in users[:count]:
                user.age = SAVED_AGE
            session.commit()
            clock.stop()
        return count

    def eager(self, clock, n):
        with self.session() as session:
            clock.start()
            users = session.scalars(adults(n).options(selectinload(User.posts))).all()
            clock.stop()
            return sum(len(post.body) for user in users for post in user.posts)

    def delete(self, clock, n):
        with self.session() as session:
            users = session.scalars(adults(n)).all()
            session.commit()
            clock.start()
            for user in users:
                session.delete(user)
            session.commit()
            clock.stop()
        return n

    def unit(self, clock, _n):
        with self.session() as session:
            clock.start()
            user = session.get_one(User, 1)
            user.age += 1
            session.add_all(Post(user_id=user.id, title=title, body=BODY) for title in ("first", "second"))
            session.commit()
            clock.stop()
        return 1


def connect(database):
    if database.startswith("postgres:"):
        return create_engine(database.replace("postgres:", "postgresql+psycopg:", 1), pool_size=10, max_overflow=0)
    if not database.startswith("file:"):
        engine, settings = create_engine("sqlite://"), ""
    else:
        engine = create_engine("sqlite:///" + database.removeprefix("file:"), pool_size=10, max_overflow=0)
        settings = "; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0"
    # One task has one connection, to which this is said.
    script(engine, "PRAGMA foreign_keys = ON" + settings)
    return engine


def script(engine, sql):
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        if engine.dialect.name == "sqlite":
            raw.executescript(sql)
        else:
            raw.execute(sql, prepare=False)
            raw.commit()


def number(engine, sql):
    with engine.connect() as connection:
        return connection.exec_driver_sql(sql).scalar_one()


def empty_tables(postgres):
    if postgres:
        return """CREATE TABLE IF NOT EXISTS users (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            name TEXT NOT NULL, age INTEGER NOT NULL, email TEXT, created BIGINT NOT NULL) WITH (autovacuum_enabled = off);
            CREATE TABLE IF NOT EXISTS posts (id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            user_id BIGINT NOT NULL REFERENCES users (id), title TEXT NOT NULL, body TEXT NOT NULL);
            CREATE INDEX IF NOT EXISTS posts_user_id ON posts (user_id);
            TRUNCATE users, posts RESTART IDENTITY"""
    return """PRAGMA wal_checkpoint(RESTART);
        CREATE TABLE IF NOT EXISTS users (id INTEGER PRIMARY KEY NOT NULL, name TEXT NOT NULL, age INTEGER NOT NULL,
        email TEXT, created BIGINT NOT NULL);
        CREATE TABLE IF NOT EXISTS posts (id INTEGER PRIMARY KEY NOT NULL, user_id BIGINT NOT NULL REFERENCES users (id),
        title TEXT NOT NULL, body TEXT NOT NULL);
        CREATE INDEX IF NOT EXISTS posts_user_id ON posts (user_id);
        DELETE FROM posts; DELETE FROM users"""


def fill(postgres, users, posts):
    def numbers(n):
        if postgres:
            return f"FROM generate_series(1, {n}) AS numbers (n)"
        return f"""FROM (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {n})
            SELECT n FROM numbers)"""

    sql = f"""INSERT INTO users (name, age, email, created) SELECT 'name' || n, {age(0)} + (n % 50),
        CASE WHEN n % 2 = 0 THEN n || '@example.org' END, {created(0)} + n {numbers(users)} ORDER BY n"""
    if posts:
        sql += f"""; INSERT INTO posts (user_id, title, body) SELECT (n - 1) / {POSTS} + 1, 'title' || n, '{BODY}'
            {numbers(users * POSTS)} ORDER BY n"""
    return sql + "; ANALYZE users, posts" if postgres else sql


def prepared(work, n):
    """How many users are there before, and whether they have posts."""
    if work in ("insert", "insert_each"):
        return 0, False
    if work in ("load", "load_often", "get", "save", "delete"):
        return max(n, USERS), False
    return (n, True) if work == "eager" else (1 if work == "unit" else n, False)


def expected(work, n, users):
    """The answer, and what queries give afterwards."""
    ages = sum(age(key) for key in keys(n))
    count, saved = "SELECT count(*) FROM users", f"SELECT count(*) FROM users WHERE age = {SAVED_AGE}"
    unit = {"SELECT count(*) FROM posts": 2, "SELECT sum(age) FROM users": age(1) + 1}
    inserted = (n * (n + 1) // 2, {count: n})
    return {
        "insert": inserted,
        "insert_each": inserted,
        "load": (ages, {}),
        "load_often": (n // PAGE * sum(age(key) for key in keys(PAGE)), {}),
        "get": (ages, {}),
        "save": (n, {saved: n}),
        "save_few": (100, {saved: 100}),
        "eager": (n * POSTS * len(BODY), {}),
        "delete": (n, {count: users - n}),
        "unit": (1, unit),
    }[work]


def run(engine, work, n):
    if work in ("tasks_get", "tasks_unit"):
        return "none"
    postgres = engine.dialect.name == "postgresql"
    script(engine, empty_tables(postgres))
    users, posts = prepared(work, n)
    if users:
        script(engine, fill(postgres, users, posts))
    clock = Clock()
    answer = getattr(SqlAlchemy(engine), work)(clock, n)
    right, looks = expected(work, n, users)
    assert answer == right, f"{work} of {n} gave {answer}, not {right}"
    for sql, right in looks.items():
        found = number(engine, sql)
        assert found == right, f"{work} of {n}: {sql} gives {found}, not {right}"
    return f"wall={clock.wall} cpu={clock.cpu} allocations=0 peak=0"


def main():
    engines = {}
    for line in sys.stdin:
        _, name, database, work, n, _ = line.split()
        if name != "sqlalchemy" or database.startswith("mariadb:"):
            print("none", flush=True)
            continue
        if database not in engines:
            engines[database] = connect(database)
        print(run(engines[database], work, int(n)), flush=True)


main()
