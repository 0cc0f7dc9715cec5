//! The derive macros of `orm`. Programs use them through that crate: `use orm::prelude::*;`.
//!
//! A derive works in five steps, a file each: `attr` reads the attributes and keeps their spans, `ast` is the model
//! as plain data, `valid` knows all rules, `expand` cannot fail, and `fallback` stands in for it after an error.
//! The steps share one list of `errors`, so that a program's author sees all mistakes at once.

mod ast;
mod attr;
mod belongs_to_any;
mod create;
mod db_enum;
mod db_value;
mod embedded;
mod errors;
mod expand;
mod fallback;
mod from_row;
mod shape;
mod suggest;
mod types;
mod valid;

use syn::{DeriveInput, parse_macro_input};

use ast::Model;
use create::Literal;
use errors::Errors;

/// Makes a struct a model: its values are the rows of a table, its fields are the columns.
///
/// ```text
/// #[derive(Model, Debug)]
/// #[model(table = "users")]
/// struct User {
///     #[model(key, auto)]
///     id: i64,
///     #[model(unique)]
///     name: String,
///     #[model(index)]
///     age: i32,
///     #[model(column = "mail")]
///     email: Option<String>,
///     #[model(default = 5)]
///     stars: i16,
///     inviter: Option<BelongsTo<User>>,
/// }
///
/// let ann = User::new("Ann", 31);
/// let adults = User::select().filter(User::AGE.ge(18));
/// ```
///
/// # What it makes
///
/// - An implementation of `Model`, with the type of the key and the table.
/// - A constant for each column, for use in queries. It has the field's name in capitals, `User::AGE`, and `_ID` after
///   it if the field is a `BelongsTo`: `User::INVITER_ID`.
/// - A constant for the relation that a `BelongsTo` is, without the ending: `User::INVITER`, to be joined along and filtered by. And one for
///   each other relation: `User::POSTS`.
/// - A function `new`, whose parameters are the fields without a value of their own, in the order of the struct. `auto`,
///   `default`, `version`, `created_at` and `updated_at` fields and options have one. A parameter takes all that turns into its type if that is a `String`,
///   a `Vec<u8>` or a `BelongsTo`.
///
/// # On the struct
///
/// | Attribute | Meaning |
/// |---|---|
/// | `table = "users"` | The table's name. Without it, the struct's name in snake case: `OrderLine` becomes `order_line`. |
/// | `schema = "shop"` | The schema that the table is in, which must exist; on SQLite, an attached database. |
/// | `comment = "..."` | What the table is for. PostgreSQL keeps it; SQLite has no place for it, and it is left out. |
/// | `unique(a, b)` | No two rows have the same values in these fields. `unique(name = "uq", a, b)` names the constraint. |
/// | `index(a, b desc)` | An index. In the list may also stand `unique`, `where = "deleted IS NULL"` and `name = "..."`. |
/// | `check("a < b")` | A condition that each row meets. `check(name = "...", "a < b")` names the constraint. |
/// | `no_new` | No function `new`, for a struct that has one of its own. |
///
/// # On a field
///
/// | Attribute | Meaning |
/// |---|---|
/// | `key` | The primary key, or a part of it if several fields have the attribute, at most four. |
/// | `auto` | On a key: the database numbers the rows. For a key of one field, an `i16`, `i32`, `i64` or `u64`. |
/// | `auto(no_reuse)` | And the number of a deleted row is never given again. Costs SQLite a look into a second table at each insert; other databases never do it anyway. |
/// | `unique` | No two rows have the same value. Costs an index. |
/// | `index` | The column has an index, which each write keeps up. `index(desc)` is sorted downwards. A `BelongsTo` has none by itself. |
/// | `default` | `new` fills the field with `Default::default()`. |
/// | `default = 5` | `new` fills the field with the value of this expression, once for each call. |
/// | `server_default = "now()"` | What the database stores when others insert without a value. A session always writes the field. |
/// | `auto, server_default = "now()"` | On a field that is no key: `new` fills it with `Default::default()`, and as long as it holds that, `None` of an `Option` included, an insert leaves it to the database. A session has the value after the flush. Costs its return at the insert. |
/// | `generated = "a + b"` | The database computes and stores the value; no session writes it. `new` fills the field with `Default::default()`; a session has the value after each flush that writes the row. Costs its return there; if it is deferred nothing, and it is read when asked for. |
/// | `check = "age >= 0"` | A condition that each row meets. Costs its evaluation at each write. |
/// | `comment = "..."` | What the column is for. PostgreSQL keeps it; SQLite has no place for it, and it is left out. |
/// | `deferred = "scans"` | On a `Deferred`: the group that it is loaded with. Without it, it is loaded alone. |
/// | `any` | The field is an enum of references, or an `Option` of one: `#[derive(BelongsToAny)]`. `on_delete`, `on_update`, `deferrable`, `unique` and `index` are about each of its foreign keys. |
/// | `on_delete = "cascade"` | On a `BelongsTo`: what happens when the row referred to is deleted. `cascade`, `restrict`, `set_null`, `set_default` or `no_action`. |
/// | `on_update = "cascade"` | On a `BelongsTo`: the same for when the key referred to changes. |
/// | `deferrable` | On a `BelongsTo`: the foreign key is looked at when the transaction commits. |
/// | `on_update = self.edits + 1` | On any other field: a value that a flush gives it, once for each row that it updates, unless the program has set the field. It rides along: without another change there is no update. Statements that write do not evaluate it. |
/// | `created_at` | `new` fills the field with the present moment. For timestamps of `jiff`, `chrono` and `time`, in UTC, and what implements `orm::Now`. |
/// | `updated_at` | The same, and each update by a flush brings the present moment with it. |
/// | `version` | Counts the row's changes, from 1, in an integer: a change or deletion of a row that somebody else has changed since it was loaded is a `StaleData` error. Costs the column in each update, and 0 statements. |
/// | `prefix = "home_"` | What the names of an embedded struct's columns begin with. Without it, the field's name and `_`. |
/// | `column = "mail"` | The column's name. Without it, the field's name, and `_id` after it if the field is a `BelongsTo`. |
///
/// # On a relation: a field that is a `HasMany`, a `HasOne` or a `ManyToMany`
///
/// ```text
/// #[derive(Model)]
/// struct User {
///     #[model(key, auto)]
///     id: i64,
///     #[model(cascade = "delete", order_by = Post::TITLE.asc())]
///     posts: HasMany<Post>,               // by `Post::author`, the only reference of a Post to a User
///     #[model(cascade = "delete_orphan")]
///     profile: HasOne<Profile>,           // by a reference that is unique
/// }
///
/// #[derive(Model)]
/// struct Post {
///     #[model(key, auto)]
///     id: i64,
///     title: String,
///     author: BelongsTo<User>,
///     tags: ManyToMany<Tag>,              // by a table post_tags (post_id, tag_id), which the library makes
/// }
///
/// #[derive(Model)]
/// struct Tag {
///     #[model(key, auto)]
///     id: i64,
///     #[model(via = Post::TAGS)]
///     posts: ManyToMany<Post>,            // the same links from the other side
/// }
/// ```
///
/// A relation has no column and no parameter of `new`, which leaves it empty. Its constant, `User::POSTS`, is what it is loaded,
/// joined and filtered by. `Metadata::of` finds the tables that relations lead to, and join tables.
///
/// | Attribute | Meaning |
/// |---|---|
/// | `via = Post::AUTHOR` | The reference by which the rows belong to this one. Needed if there are several. |
/// | `via = Post::TAGS` | On a `ManyToMany`: whose other side it is. |
/// | `through = PostTag` | On a `ManyToMany`: the model whose rows are the links. It refers to both sides, and may have columns of its own. |
/// | `through(Follow::FAN, Follow::IDOL)` | The same, with the references to this side and to the other, where it has several of them. |
/// | `table = "tagged"` | On a `ManyToMany`: the name of the join table. Without it, the names of the struct and the field: `post_tags`. |
/// | `cascade = "set_null"` | On a `HasMany` or a `HasOne`: what happens when this row is deleted, or one is taken out: the rows refer to nothing. So it is unless their foreign key has an `on_delete`: `restrict` is then `"restrict"`, `cascade`, `set_null` and `set_default` are `"database"`. Costs a SELECT if they are not loaded, and an UPDATE. |
/// | `cascade = "delete"` | They are deleted with this row. Costs a SELECT if they are not loaded, and a DELETE. |
/// | `cascade = "delete_orphan"` | They are deleted also when they are taken out. |
/// | `cascade = "restrict"` | This row is not deleted as long as there are any. |
/// | `cascade = "database"` | Their foreign key's `on_delete` does it. Costs nothing. |
/// | `order_by = Post::TITLE.asc()` | The order in which they come; several in a tuple. Costs a sort at each load. |
/// | `load = "select_in"`, `load = "joined"` | Each query of the model loads it, by a statement of its own or by a join. |
///
/// The columns of a join table begin with the names of both structs in snake case, and end with those of their keys: `post_id`, `tag_id`. The second
/// ones of a model that is linked with itself begin with `other_`: `user_id`, `other_user_id`. All columns together are the primary
/// key, the second side has an index, and links go and change with the rows at both ends.
///
/// SQL in attributes names columns, not fields, and is sent as it is.
///
/// Attributes can share a list, `#[model(key, auto)]`, or have one each.
///
/// # What a field may be
///
/// A column type or an `Option` of one, a `Deferred` of these, an embedded struct, a `BelongsTo` or an `Option` of one, a relation. The struct has
/// named fields and no generic parameters. A `BelongsTo`, a `Deferred` and relations are known by their names: a type alias for one is not
/// seen as such. The model that a `BelongsTo` refers to is known by its name as well: call it by the same one in all fields.
#[proc_macro_derive(Model, attributes(model))]
pub fn derive_model(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let mut errors = Errors::default();
    let model = Model::read(&input, &mut errors);
    valid::check(&model, &mut errors);
    match errors.finish() {
        None => expand::model(&model).into(),
        Some(errors) => fallback::model(&input, &errors).into(),
    }
}

/// Makes a struct one that rows are read into, each field from the column of its name.
///
/// ```text
/// #[derive(FromRow)]
/// struct Count {
///     name: String,
///     #[row(column = "count(*)")]
///     posts: i64,
/// }
///
/// let counts: Vec<Count> = connection.execute(text("SELECT name, count(*) FROM …"))?.all()?;
/// ```
///
/// Each field has a column type. Other columns of the result are left aside.
#[proc_macro_derive(FromRow, attributes(row))]
pub fn derive_from_row(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    from_row::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a newtype a column type: it is stored as what is in it.
///
/// ```text
/// #[derive(DbValue, Debug, PartialEq)]
/// struct Email(String);
///
/// User::select().filter(User::EMAIL.eq("ann@example.org"));
/// ```
///
/// The struct has one field, whose type is a column type. If that is a `String`, a `Box<str>` or a `Cow<'static, str>`,
/// columns can be compared with a `&str` and searched like any text; others are compared with a value of the newtype. Conversions
/// that can fail are for an implementation of `DbValue` by hand.
#[proc_macro_derive(DbValue)]
pub fn derive_db_value(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    db_value::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum without fields a column type.
///
/// ```text
/// #[derive(DbEnum, Debug, PartialEq)]
/// enum Mood {
///     Happy,
///     #[db(rename = "so-so")]
///     SoSo,
/// }
/// ```
///
/// | Attribute on the enum | Column | A variant is stored as |
/// |---|---|---|
/// | none | text | its name in snake case |
/// | `#[db(integer)]` | `smallint`, `integer` or `bigint`, by the enum's `repr`; without one, `integer` | its number |
/// | `#[db(native)]`, `#[db(native = "mood")]` | on PostgreSQL a type of its own, which `create_all` creates; text elsewhere | its name in snake case |
///
/// `#[db(rename = "so-so")]` on a variant gives it another word. A stored value that no variant has is an error that names the
/// enum. A word that is renamed here is not renamed in the database; numbers keep their meaning only if each variant is given
/// one. A native enum costs one look-up for each connection that reads it.
#[proc_macro_derive(DbEnum, attributes(db))]
pub fn derive_db_enum(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    db_enum::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes an enum of references a field of models: each row belongs to a row of one of several models.
///
/// ```text
/// #[derive(BelongsToAny, Debug)]
/// enum Subject {
///     Post(BelongsTo<Post>),
///     Photo(BelongsTo<Photo>),
/// }
///
/// #[derive(Model)]
/// struct Comment {
///     #[model(key, auto)]
///     id: i64,
///     #[model(any, index)]
///     subject: Subject,                   // columns subject_post_id and subject_photo_id, of which exactly one is set
/// }
///
/// #[derive(Model)]
/// struct Post {
///     #[model(key, auto)]
///     id: i64,
///     #[model(via = Comment::SUBJECT.to(Subject::POST))]
///     comments: HasMany<Comment>,
/// }
/// ```
///
/// Each variant is a foreign key; the database checks that exactly one of them is set, and for a field that is an `Option<Subject>` that no
/// more than one is. It makes a constant for each variant, `Subject::POST`, with which the field is a reference like any other,
/// `Comment::SUBJECT.to(Subject::POST)`, and `From<Entity<Post>>`, if no other variant refers to the same model.
#[proc_macro_derive(BelongsToAny)]
pub fn derive_belongs_to_any(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    belongs_to_any::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct a field of models: its fields are columns of theirs.
///
/// ```text
/// #[derive(Embedded, Debug)]
/// struct Address {
///     street: String,
///     city: String,
/// }
///
/// #[derive(Model)]
/// struct User {
///     #[model(key, auto)]
///     id: i64,
///     address: Address,           // columns address_street, address_city
///     #[model(prefix = "work_")]
///     office: Address,            // columns work_street, work_city
/// }
///
/// User::select().filter(User::ADDRESS.at(Address::CITY).eq("Paris"));
/// ```
///
/// A field is a column type, an `Option` of one, or another embedded struct. `#[db(rename = "town")]` on a field gives its column
/// another name behind the prefix, `#[db(prefix = "geo_")]` on an embedded struct another prefix behind the outer one.
///
/// Changes are found column by column: to change the city writes one column. An embedded struct cannot be a key, cannot be an
/// `Option` (make its fields options instead), and cannot hold a `BelongsTo`; with `unique` or `index` its columns are so together.
#[proc_macro_derive(Embedded, attributes(db))]
pub fn derive_embedded(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    embedded::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct of a model, together with what hangs on it: `session.add(create!(User { … }))` adds it all.
///
/// ```text
/// let alice = session.add(create!(User {
///     name: "Alice",
///     profile: Profile { motto: "onwards" },
///     posts: [Post { title: "Hello", tags: [news, Tag { word: "new" }] }, draft],
/// }));
/// ```
///
/// Fields come in any order. Those without a value of their own must be there, or it does not compile; all others have the values that
/// `new` gives them. A field takes what is plainly meant: a `&str` for a `String`, a value for an `Option` of it, an entity for a `BelongsTo`,
/// a list of entities and new structs for a `HasMany` or a `ManyToMany`.
///
/// A struct written in a relation leaves out its reference to the one around it, which the flush fills in. An embedded
/// struct is written in the same way. A struct of another kind is a value like any other if it is in brackets: `(Point { x: 1 })`.
#[proc_macro]
pub fn create(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    parse_macro_input!(input as Literal).expand(None).into()
}
