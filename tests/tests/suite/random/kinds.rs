//! The models of the random test, and their rows as plain cells, which are all that the model of a session speaks of.

use orm::prelude::*;

/// Numbered by the database, has a unique column and refers to its own table.
#[derive(Model, Debug)]
#[model(table = "items")]
pub(super) struct Item {
    #[model(key, auto)]
    id: i64,
    #[model(unique)]
    name: String,
    pub(super) val: i64,
    parent: Option<BelongsTo<Item>>,
}

/// Its key is a text that the program sets and changes.
#[derive(Model, Debug)]
#[model(table = "codes")]
pub(super) struct Code {
    #[model(key)]
    code: String,
    pub(super) val: i64,
    item: Option<BelongsTo<Item>>,
}

/// Its key has two columns, and it has a version.
#[derive(Model, Debug)]
#[model(table = "pairs")]
pub(super) struct Pair {
    #[model(key)]
    a: i32,
    #[model(key)]
    b: String,
    pub(super) val: i64,
    #[model(version)]
    version: i32,
}

/// Has a reference that may not be NULL, one to a key of two columns, and a deferred column.
#[derive(Model, Debug)]
#[model(table = "notes")]
pub(super) struct Note {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    code: BelongsTo<Code>,
    pair: Option<BelongsTo<Pair>>,
    pub(super) body: Deferred<String>,
}

/// Which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Item,
    Code,
    Pair,
    Note,
}

pub(super) use Kind::{Code as CODE, Item as ITEM, Note as NOTE, Pair as PAIR};

/// A number for each part of a primary key. A text is `t` and its number.
pub(super) type Key = [i64; 2];

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Is(i64),
    /// A reference to the row with this key.
    Key(Key),
    /// A reference to an entity, by its number, and its key once that is filled in.
    To(usize, Option<Key>),
    /// A deferred column that is not loaded.
    Unloaded,
}

/// The columns of a row, and `Null` where there are no more.
pub(super) type Row = [Cell; 5];

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    AutoKey,
    Key,
    Unique,
    Plain,
    MayRefer(Kind),
    Refers(Kind),
    Deferred,
    Version,
}

impl Kind {
    /// In the order of their foreign keys.
    pub(super) const ALL: [Self; 4] = [ITEM, CODE, PAIR, NOTE];

    pub(super) fn columns(self) -> &'static [Role] {
        match self {
            ITEM => &[Role::AutoKey, Role::Unique, Role::Plain, Role::MayRefer(ITEM)],
            CODE => &[Role::Key, Role::Plain, Role::MayRefer(ITEM)],
            PAIR => &[Role::Key, Role::Key, Role::Plain, Role::Version],
            NOTE => &[Role::AutoKey, Role::Plain, Role::Refers(CODE), Role::MayRefer(PAIR), Role::Deferred],
        }
    }

    pub(super) fn column(self, role: Role) -> Option<usize> {
        self.columns().iter().position(|&other| other == role)
    }

    /// The column `val`, which every model has.
    pub(super) fn val(self) -> usize {
        self.column(Role::Plain).unwrap()
    }

    pub(super) fn version(self) -> Option<usize> {
        self.column(Role::Version)
    }

    pub(super) fn is_numbered(self) -> bool {
        self.columns()[0] == Role::AutoKey
    }

    pub(super) fn key_width(self) -> usize {
        self.columns().iter().filter(|role| matches!(role, Role::AutoKey | Role::Key)).count()
    }

    /// The columns that refer to others, and to what.
    pub(super) fn references(self) -> impl Iterator<Item = (usize, Kind)> {
        self.columns().iter().enumerate().filter_map(|(column, role)| match *role {
            Role::MayRefer(target) | Role::Refers(target) => Some((column, target)),
            Role::AutoKey | Role::Key | Role::Unique | Role::Plain | Role::Deferred | Role::Version => None,
        })
    }

    /// The primary key that a row's cells say.
    pub(super) fn key_of(self, row: &Row) -> Key {
        let part = |part| match row[part] {
            Cell::Is(number) if part < self.key_width() => number,
            _ => 0,
        };
        [part(0), part(1)]
    }
}

/// What a column is set to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    Null,
    Is(i64),
    Key(Key),
    To(Handle),
}

/// A handle of any model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Handle {
    Item(Entity<Item>),
    Code(Entity<Code>),
    Pair(Entity<Pair>),
    Note(Entity<Note>),
}

/// Does something with the typed entity of a handle.
macro_rules! each {
    ($handle:expr, $entity:ident => $body:expr) => {
        match $handle {
            Handle::Item($entity) => $body,
            Handle::Code($entity) => $body,
            Handle::Pair($entity) => $body,
            Handle::Note($entity) => $body,
        }
    };
}

/// Does something with the model of a kind.
macro_rules! of_kind {
    ($kind:expr, $model:ident => $body:expr) => {
        match $kind {
            Kind::Item => {
                type $model = Item;
                $body
            }
            Kind::Code => {
                type $model = Code;
                $body
            }
            Kind::Pair => {
                type $model = Pair;
                $body
            }
            Kind::Note => {
                type $model = Note;
                $body
            }
        }
    };
}

pub(super) use {each, of_kind};

/// A model whose structs can be seen as cells.
pub(super) trait Sample: Model + Sized {
    fn blank() -> Self;
    fn cell(&self, column: usize) -> Cell;
    fn set(&mut self, column: usize, to: Input);
    fn key(key: Key) -> Self::Key;
    fn handle(entity: Entity<Self>) -> Handle;

    /// A query with all columns.
    fn whole() -> Select<Self> {
        Self::select()
    }

    fn row(&self) -> Row {
        std::array::from_fn(|column| self.cell(column))
    }

    fn of(inputs: &[Input]) -> Self {
        let mut sample = Self::blank();
        inputs.iter().enumerate().for_each(|(column, &input)| sample.set(column, input));
        sample
    }
}

impl Sample for Item {
    fn blank() -> Self {
        Self { id: 0, name: String::new(), val: 0, parent: None }
    }

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Is(self.id),
            1 => Cell::Is(number(&self.name)),
            2 => Cell::Is(self.val),
            3 => reference(self.parent.as_ref(), |&id| [id, 0]),
            _ => Cell::Null,
        }
    }

    fn set(&mut self, column: usize, to: Input) {
        match column {
            0 => self.id = to.number(),
            1 => self.name = text(to.number()),
            2 => self.val = to.number(),
            _ => self.parent = to.item(),
        }
    }

    fn key(key: Key) -> i64 {
        key[0]
    }

    fn handle(entity: Entity<Self>) -> Handle {
        Handle::Item(entity)
    }
}

impl Sample for Code {
    fn blank() -> Self {
        Self { code: String::new(), val: 0, item: None }
    }

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Is(number(&self.code)),
            1 => Cell::Is(self.val),
            2 => reference(self.item.as_ref(), |&id| [id, 0]),
            _ => Cell::Null,
        }
    }

    fn set(&mut self, column: usize, to: Input) {
        match column {
            0 => self.code = text(to.number()),
            1 => self.val = to.number(),
            _ => self.item = to.item(),
        }
    }

    fn key(key: Key) -> String {
        text(key[0])
    }

    fn handle(entity: Entity<Self>) -> Handle {
        Handle::Code(entity)
    }
}

impl Sample for Pair {
    fn blank() -> Self {
        Self { a: 0, b: String::new(), val: 0, version: 0 }
    }

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Is(self.a.into()),
            1 => Cell::Is(number(&self.b)),
            2 => Cell::Is(self.val),
            3 => Cell::Is(self.version.into()),
            _ => Cell::Null,
        }
    }

    fn set(&mut self, column: usize, to: Input) {
        match column {
            0 => self.a = to.number().try_into().unwrap(),
            1 => self.b = text(to.number()),
            2 => self.val = to.number(),
            _ => self.version = to.number().try_into().unwrap(),
        }
    }

    fn key(key: Key) -> (i32, String) {
        (key[0].try_into().unwrap(), text(key[1]))
    }

    fn handle(entity: Entity<Self>) -> Handle {
        Handle::Pair(entity)
    }
}

impl Sample for Note {
    fn whole() -> Select<Self> {
        Self::select().undefer(Self::BODY)
    }

    fn blank() -> Self {
        Self { id: 0, val: 0, code: BelongsTo::key(""), pair: None, body: String::new().into() }
    }

    fn cell(&self, column: usize) -> Cell {
        match column {
            0 => Cell::Is(self.id),
            1 => Cell::Is(self.val),
            2 => reference(Some(&self.code), |code| [number(code), 0]),
            3 => reference(self.pair.as_ref(), |(a, b)| [i64::from(*a), number(b)]),
            _ => self.body.get().map_or(Cell::Unloaded, |body| Cell::Is(number(body))),
        }
    }

    fn set(&mut self, column: usize, to: Input) {
        match column {
            0 => self.id = to.number(),
            1 => self.val = to.number(),
            2 => match to {
                Input::To(Handle::Code(code)) => self.code = code.into(),
                Input::Key(key) => self.code = BelongsTo::key(Code::key(key)),
                other => unreachable!("{other:?} is no code"),
            },
            3 => match to {
                Input::Null => self.pair = None,
                Input::To(Handle::Pair(pair)) => self.pair = pair.into(),
                Input::Key(key) => self.pair = Some(BelongsTo::key(Pair::key(key))),
                other => unreachable!("{other:?} is no pair"),
            },
            _ => self.body.set(text(to.number())),
        }
    }

    fn key(key: Key) -> i64 {
        key[0]
    }

    fn handle(entity: Entity<Self>) -> Handle {
        Handle::Note(entity)
    }
}

impl Input {
    fn number(self) -> i64 {
        match self {
            Self::Is(number) => number,
            other => unreachable!("{other:?} is no number"),
        }
    }

    fn item(self) -> Option<BelongsTo<Item>> {
        match self {
            Self::Null => None,
            Self::To(Handle::Item(item)) => item.into(),
            Self::Key(key) => Some(BelongsTo::key(key[0])),
            other => unreachable!("{other:?} is no item"),
        }
    }
}

/// A reference whose key is not known yet is one to nobody in particular: the model says to whom.
pub(super) const WAITING: Cell = Cell::To(usize::MAX, None);

fn reference<M: Model>(reference: Option<&BelongsTo<M>>, key: impl Fn(&M::Key) -> Key) -> Cell {
    match reference {
        None => Cell::Null,
        Some(reference) => reference.get().map_or(WAITING, |found| Cell::Key(key(found))),
    }
}

fn text(number: i64) -> String {
    format!("t{number}")
}

fn number(text: &str) -> i64 {
    text.strip_prefix('t').and_then(|digits| digits.parse().ok()).unwrap_or(-1)
}
