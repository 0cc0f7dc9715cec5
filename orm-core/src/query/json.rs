//! Paths into JSON: `Doc::DATA.path("address.city").text()`.

use std::sync::Arc;

use crate::error::{Error, ErrorKind};
use crate::query::expr::{Expr, Expression, Node, render_beside};
use crate::query::function::{Call, Function};
use crate::query::nulls::Plain;
use crate::query::operand::Bound;
use crate::query::{Dialect, Sql};
use crate::types::{DbValue, Structured, encode_text};
use crate::{Result, SqlType, Value};

/// One step into JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the value of this key of an object.
    Key(String),
    /// To the element at this place of an array, counted from 0; from its end if it is negative.
    Index(i32),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<String> for Step {
    fn from(key: String) -> Self {
        Self::Key(key)
    }
}

impl From<i32> for Step {
    fn from(index: i32) -> Self {
        Self::Index(index)
    }
}

/// A path into JSON: keys with dots between them, or a tuple or a list of keys and indexes, in which a dot is a part of a key.
pub trait JsonPath {
    #[doc(hidden)]
    fn steps(self) -> Vec<Step>;
}

impl JsonPath for &str {
    fn steps(self) -> Vec<Step> {
        self.split('.').map(Step::from).collect()
    }
}

impl JsonPath for i32 {
    fn steps(self) -> Vec<Step> {
        vec![self.into()]
    }
}

impl JsonPath for Vec<Step> {
    fn steps(self) -> Vec<Step> {
        self
    }
}

macro_rules! tuple {
    ($($part:ident)+) => {
        impl<$($part: Into<Step>),+> JsonPath for ($($part,)+) {
            #[expect(non_snake_case, reason = "the parts are named as their types are")]
            fn steps(self) -> Vec<Step> {
                let ($($part,)+) = self;
                vec![$($part.into()),+]
            }
        }
    };
}

tuple!(A);
tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
tuple!(A B C D E F);

/// What only JSON can do.
pub trait JsonMethods: Expression {
    /// What lies there: `Doc::DATA.path("address.city")`, `Doc::DATA.path(("tags", 0))`. Where there is nothing it is NULL.
    fn path(self, path: impl JsonPath) -> JsonAt {
        JsonAt { document: self.into_expr().into_node(), steps: path.steps() }
    }
}

impl<E: Expression> JsonMethods for E where Plain<E>: Structured {}

/// A place in JSON; made by [`path`](JsonMethods::path). How it is to be read has to be said.
#[must_use = "say how it is to be read: `.text()`, `.int()`, …"]
#[derive(Clone, Debug)]
pub struct JsonAt {
    document: Arc<dyn Node>,
    steps: Vec<Step>,
}

impl JsonAt {
    /// Further into it.
    pub fn path(mut self, path: impl JsonPath) -> Self {
        self.steps.extend(path.steps());
        self
    }

    /// As text: a string as what is in it, a number or a bool as JSON has it, an object or an array as the database writes it. `None` if there is
    /// nothing, or JSON's null.
    pub fn text(self) -> Expr<Option<String>> {
        self.read(Function::JsonText)
    }

    /// As an integer; `None` if there is anything else than a whole number.
    pub fn int(self) -> Expr<Option<i64>> {
        self.read(Function::JsonInt)
    }

    /// As a float; `None` if there is no number.
    pub fn float(self) -> Expr<Option<f64>> {
        self.read(Function::JsonFloat)
    }

    /// As a truth value; `None` if there is anything else.
    pub fn bool(self) -> Expr<Option<bool>> {
        self.read(Function::JsonBool)
    }

    /// As JSON of this type; JSON's null is a value. `Doc::DATA.path("tags").json::<Json<Vec<String>>>()`
    pub fn json<T: Structured>(self) -> Expr<Option<T>> {
        self.read(Function::Json)
    }

    fn read<T: DbValue>(self, function: Function) -> Expr<Option<T>> {
        Expr::new(Read { at: Arc::new(self), function, yields: T::TYPE })
    }

    /// In the notation of a path: `$."address"."city"[0]`, each key quoted as JSON quotes it.
    fn text_path(&self, dialect: &dyn Dialect) -> Result<Value<'static>> {
        let mut path = String::from("$");
        for step in &self.steps {
            match step {
                Step::Key(key) => {
                    encode_text(key)?;
                    path.push_str(".\"");
                    key.chars().for_each(|character| push_escaped(character, dialect, &mut path));
                    path.push('"');
                }
                Step::Index(index) => dialect.json_index(*index, &mut path),
            }
        }
        Ok(Value::Text(path.into()))
    }
}

fn push_escaped(character: char, dialect: &dyn Dialect, path: &mut String) {
    match character {
        '"' | '\\' => path.extend(['\\', character]),
        control if u32::from(control) < 0x20 => dialect.json_control(control, path),
        other => path.push(other),
    }
}

/// Step by step: `document -> key -> index`.
impl Node for JsonAt {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        render_beside(&*self.document, sql)?;
        for step in &self.steps {
            sql.push(" -> ");
            match step {
                Step::Key(key) => sql.bind(SqlType::Text, encode_text(key)?.into_owned()),
                Step::Index(index) => sql.bind(SqlType::Integer, Value::Int((*index).into())),
            };
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Read {
    at: Arc<JsonAt>,
    function: Function,
    yields: SqlType,
}

impl Node for Read {
    fn render(&self, sql: &mut Sql<'_>) -> Result<()> {
        if self.at.steps.is_empty() {
            return Err(Error::new(ErrorKind::InvalidQuery, "a path into JSON has a step at least"));
        }
        let arguments = if sql.dialect().has_json_paths() {
            let path = self.at.text_path(sql.dialect())?;
            vec![Ok(Bound::Node(self.at.document.clone())), Ok(Bound::Value(SqlType::Text, path))]
        } else {
            vec![Ok(Bound::Node(self.at.clone()))]
        };
        let (of, yields) = (SqlType::Json, self.yields);
        Call { function: self.function, of, yields, arguments, modifiers: None }.render(sql)
    }

    fn is_atom(&self) -> bool {
        true
    }
}
