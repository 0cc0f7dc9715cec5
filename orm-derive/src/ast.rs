//! The second step: the model as plain data.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Fields, Type, Visibility};

use crate::attr::{FieldAttributes, RelationAttributes, StructAttributes};
use crate::errors::Errors;
use crate::types::{self, Held};

/// A struct with its attributes.
pub(crate) struct Model<'a> {
    pub(crate) input: &'a DeriveInput,
    pub(crate) attributes: StructAttributes,
    /// The named fields with columns: none if the input is anything but a struct that has them.
    pub(crate) fields: Vec<Field<'a>>,
    /// The named fields without columns.
    pub(crate) relations: Vec<Relation<'a>>,
}

/// A field with its attributes.
pub(crate) struct Field<'a> {
    pub(crate) vis: &'a Visibility,
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) attributes: FieldAttributes,
}

/// A field that holds other rows, with its attributes.
pub(crate) struct Relation<'a> {
    pub(crate) vis: &'a Visibility,
    pub(crate) name: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) held: Held,
    /// The model of those rows.
    pub(crate) target: &'a Type,
    pub(crate) attributes: RelationAttributes,
}

impl<'a> Model<'a> {
    pub(crate) fn read(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attributes = StructAttributes::read(&input.attrs, errors);
        let (mut fields, mut relations) = (Vec::new(), Vec::new());
        for field in named_fields(input) {
            match types::held(&field.ty) {
                Some(held) => relations.extend(Relation::read(field, held, errors)),
                None => fields.extend(Field::read(field, errors)),
            }
        }
        Self { input, attributes, fields, relations }
    }

    /// The struct's name as text.
    pub(crate) fn name(&self) -> String {
        self.input.ident.unraw().to_string()
    }

    /// The table's name.
    pub(crate) fn table(&self) -> String {
        let given = self.attributes.table.as_ref();
        given.map_or_else(|| snake_case(&self.name()), syn::LitStr::value)
    }

    /// The number of the field with this name.
    pub(crate) fn number(&self, name: &Ident) -> Option<usize> {
        self.fields.iter().position(|field| field.name.unraw() == name.unraw())
    }

    /// The model that a type means: `Self` is this one.
    pub(crate) fn is_same(&self, one: &Type, other: &Type) -> bool {
        let name = |ty: &Type| {
            let is_own = types::is(ty, "Self");
            if is_own { self.name() } else { ty.to_token_stream().to_string() }
        };
        name(one) == name(other)
    }

    /// The fields that make up the key.
    pub(crate) fn key(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|field| field.attributes.key.is_some())
    }
}

impl<'a> Field<'a> {
    fn read(field: &'a syn::Field, errors: &mut Errors) -> Option<Self> {
        let attributes = FieldAttributes::read(&field.attrs, errors);
        field.ident.as_ref().map(|name| Self { vis: &field.vis, name, ty: &field.ty, attributes })
    }

    /// The column's name.
    pub(crate) fn column(&self) -> String {
        let given = self.attributes.column.as_ref();
        given.map_or_else(|| self.name_with("_id"), syn::LitStr::value)
    }

    /// The constant's name. It comes from the field's name even if the column has another one, which need not be a
    /// name in Rust, and leaves the bare one of a reference to the relation.
    pub(crate) fn constant(&self) -> Ident {
        Ident::new(&self.name_with("_id").to_uppercase(), self.name.span())
    }

    /// The name of the relation's constant, and the model that it leads to, if it is a reference.
    pub(crate) fn relation(&self) -> Option<(Ident, &'a Type)> {
        let name = || Ident::new(&self.name.unraw().to_string().to_uppercase(), self.name.span());
        types::referred(self.ty).map(|model| (name(), model))
    }

    /// Whether it is a reference, to one model or to one of several.
    pub(crate) fn is_reference(&self) -> bool {
        types::is_reference(self.ty) || self.attributes.any.is_some()
    }

    /// Whether `new` takes all that turns into it.
    pub(crate) fn is_made_from_others(&self) -> bool {
        types::is_made_from_others(self.ty) || self.attributes.any.is_some()
    }

    /// Whether `new` has a parameter for it.
    pub(crate) fn is_required(&self) -> bool {
        let FieldAttributes { auto, default, generated, version, .. } = &self.attributes;
        let has_value = auto.is_some() || default.is_some() || generated.is_some() || version.is_some();
        !has_value
            && self.moment().is_none()
            && types::parameter(types::deferred(self.ty).unwrap_or(self.ty), "Option").is_none()
    }

    /// The word that fills it with the present moment.
    pub(crate) fn moment(&self) -> Option<&Ident> {
        self.attributes.created_at.as_ref().or(self.attributes.updated_at.as_ref())
    }

    /// Whether each change of the row brings it another value.
    pub(crate) fn is_renewed(&self) -> bool {
        self.attributes.renewal.is_some() || self.attributes.updated_at.is_some()
    }

    /// The field's name, and an ending if it is a reference.
    fn name_with(&self, ending: &str) -> String {
        let ending = if types::is_reference(self.ty) { ending } else { "" };
        format!("{}{ending}", self.name.unraw())
    }
}

impl<'a> Relation<'a> {
    fn read(field: &'a syn::Field, (held, target): (Held, &'a Type), errors: &mut Errors) -> Option<Self> {
        let attributes = RelationAttributes::read(&field.attrs, errors);
        let (vis, ty) = (&field.vis, &field.ty);
        field.ident.as_ref().map(|name| Self { vis, name, ty, held, target, attributes })
    }

    /// The name of its constant.
    pub(crate) fn constant(&self) -> Ident {
        Ident::new(&self.name.unraw().to_string().to_uppercase(), self.name.span())
    }
}

fn named_fields(input: &DeriveInput) -> impl Iterator<Item = &syn::Field> {
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            Fields::Unnamed(_) | Fields::Unit => None,
        },
        Data::Enum(_) | Data::Union(_) => None,
    };
    named.into_iter().flatten()
}

/// `OrderLine` as `order_line`, `HTTPServer` as `http_server`.
pub(crate) fn snake_case(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (i, letter) in letters.iter().enumerate() {
        let follows_lower = i > 0 && letters[i - 1] != '_' && !letters[i - 1].is_uppercase();
        let begins_word =
            i > 0 && letters[i - 1] != '_' && letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && (follows_lower || begins_word) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn tables_are_named_in_snake_case() {
        assert_eq!(snake_case("User"), "user");
        assert_eq!(snake_case("OrderLine"), "order_line");
        assert_eq!(snake_case("HTTPServer"), "http_server");
        assert_eq!(snake_case("UserV2"), "user_v2");
        assert_eq!(snake_case("Order_Line"), "order_line");
        assert_eq!(snake_case("A"), "a");
    }

    #[track_caller]
    fn check(input: &DeriveInput, table: &str, columns_and_constants: &[(&str, &str)]) {
        let model = Model::read(input, &mut Errors::default());
        let names: Vec<_> = model.fields.iter().map(|f| (f.column(), f.constant().to_string())).collect();
        let names: Vec<_> =
            names.iter().map(|(column, constant)| (column.as_str(), constant.as_str())).collect();
        assert_eq!((model.table().as_str(), names.as_slice()), (table, columns_and_constants));
    }

    #[test]
    fn names_come_from_the_struct() {
        let input =
            parse_quote! { struct r#LineItem { id: i64, r#type: i16, order: Option<BelongsTo<Order>> } };
        check(&input, "line_item", &[("id", "ID"), ("type", "TYPE"), ("order_id", "ORDER_ID")]);
    }

    #[test]
    fn names_can_be_given() {
        let input = parse_quote! {
            #[model(table = "people")]
            struct User {
                #[model(column = "e-mail")] email: String,
                #[model(column = "writer")] author: BelongsTo<User>,
            }
        };
        check(&input, "people", &[("e-mail", "EMAIL"), ("writer", "AUTHOR_ID")]);
    }

    #[test]
    fn new_asks_for_what_has_no_value_of_its_own() {
        let input = parse_quote! {
            struct User {
                #[model(key, auto)] id: i64,
                name: String,
                mail: Option<String>,
                #[model(default = 5)] stars: i16,
                author: BelongsTo<User>,
                friend: Option<BelongsTo<User>>,
            }
        };
        let model = Model::read(&input, &mut Errors::default());
        let required = model.fields.iter().filter(|field| field.is_required());
        assert_eq!(required.map(|field| field.name.to_string()).collect::<Vec<_>>(), ["name", "author"]);
    }
}
