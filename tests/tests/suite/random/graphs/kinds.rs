//! The models of the graphs, and the same operations for all of them.

use orm::Member;
use orm::prelude::*;

/// Which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Owner,
    Tag,
    Node,
    Soft,
    Hard,
    Own,
    Remote,
    One,
}

use Kind::*;

/// Has a relation of each cascade, one to at most one, and one by a join table.
#[derive(Model, Debug)]
#[model(table = "g_owners")]
pub(super) struct OwnerRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    pub(super) soft: HasMany<SoftRow>,
    #[model(cascade = "delete")]
    pub(super) hard: HasMany<HardRow>,
    #[model(cascade = "delete_orphan")]
    pub(super) own: HasMany<OwnRow>,
    #[model(cascade = "database")]
    pub(super) remote: HasMany<RemoteRow>,
    pub(super) one: HasOne<OneRow>,
    #[model(table = "g_links")]
    pub(super) tags: ManyToMany<TagRow>,
}

#[derive(Model, Debug)]
#[model(table = "g_tags")]
pub(super) struct TagRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    #[model(via = OwnerRow::TAGS)]
    pub(super) owners: ManyToMany<OwnerRow>,
}

/// A tree, whose branches let go.
#[derive(Model, Debug)]
#[model(table = "g_nodes")]
pub(super) struct NodeRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    up: Option<BelongsTo<NodeRow>>,
    pub(super) nodes: HasMany<NodeRow>,
}

#[derive(Model, Debug)]
#[model(table = "g_soft")]
pub(super) struct SoftRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    owner: Option<BelongsTo<OwnerRow>>,
}

/// Goes with its owner, and with the one above it.
#[derive(Model, Debug)]
#[model(table = "g_hard")]
pub(super) struct HardRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    owner: Option<BelongsTo<OwnerRow>>,
    up: Option<BelongsTo<HardRow>>,
    #[model(cascade = "delete")]
    pub(super) parts: HasMany<HardRow>,
}

#[derive(Model, Debug)]
#[model(table = "g_own")]
pub(super) struct OwnRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    owner: Option<BelongsTo<OwnerRow>>,
}

#[derive(Model, Debug)]
#[model(table = "g_remote")]
pub(super) struct RemoteRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    #[model(on_delete = "cascade")]
    owner: Option<BelongsTo<OwnerRow>>,
}

#[derive(Model, Debug)]
#[model(table = "g_one")]
pub(super) struct OneRow {
    #[model(key, auto)]
    id: i64,
    pub(super) val: i64,
    #[model(unique)]
    owner: Option<BelongsTo<OwnerRow>>,
}

/// What happens to members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    SetNull,
    Delete,
    Orphan,
    Database,
    /// Rows of a join table.
    Linked,
}

/// A relation field.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relating {
    pub(super) owner: Kind,
    pub(super) member: Kind,
    /// Which reference of the member says it.
    pub(super) reference: usize,
    pub(super) fate: Fate,
    pub(super) is_one: bool,
}

const fn many(owner: Kind, member: Kind, reference: usize, fate: Fate) -> Relating {
    Relating { owner, member, reference, fate, is_one: false }
}

/// All of them, by their numbers.
pub(super) const RELATIONS: [Relating; 9] = [
    many(Owner, Soft, 0, Fate::SetNull),
    many(Owner, Hard, 0, Fate::Delete),
    many(Owner, Own, 0, Fate::Orphan),
    many(Owner, Remote, 0, Fate::Database),
    Relating { is_one: true, ..many(Owner, One, 0, Fate::SetNull) },
    many(Node, Node, 0, Fate::SetNull),
    many(Hard, Hard, 1, Fate::Delete),
    many(Owner, Tag, 0, Fate::Linked),
    many(Tag, Owner, 0, Fate::Linked),
];

/// The two sides of the join table.
pub(super) const ONE: usize = 4;
pub(super) const TAGS: usize = 7;
pub(super) const OWNERS: usize = 8;

/// Does something with the constant of a relation.
macro_rules! of_relation {
    ($number:expr, $relation:ident => $body:expr) => {
        match $number {
            0 => {
                let $relation = OwnerRow::SOFT;
                $body
            }
            1 => {
                let $relation = OwnerRow::HARD;
                $body
            }
            2 => {
                let $relation = OwnerRow::OWN;
                $body
            }
            3 => {
                let $relation = OwnerRow::REMOTE;
                $body
            }
            4 => {
                let $relation = OwnerRow::ONE;
                $body
            }
            5 => {
                let $relation = NodeRow::NODES;
                $body
            }
            6 => {
                let $relation = HardRow::PARTS;
                $body
            }
            TAGS => {
                let $relation = OwnerRow::TAGS;
                $body
            }
            _ => {
                let $relation = TagRow::OWNERS;
                $body
            }
        }
    };
}

/// A handle of any model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Handle {
    Owner(Entity<OwnerRow>),
    Tag(Entity<TagRow>),
    Node(Entity<NodeRow>),
    Soft(Entity<SoftRow>),
    Hard(Entity<HardRow>),
    Own(Entity<OwnRow>),
    Remote(Entity<RemoteRow>),
    One(Entity<OneRow>),
}

/// Does something with the typed entity of a handle.
macro_rules! each {
    ($handle:expr, $entity:ident => $body:expr) => {
        match $handle {
            Handle::Owner($entity) => $body,
            Handle::Tag($entity) => $body,
            Handle::Node($entity) => $body,
            Handle::Soft($entity) => $body,
            Handle::Hard($entity) => $body,
            Handle::Own($entity) => $body,
            Handle::Remote($entity) => $body,
            Handle::One($entity) => $body,
        }
    };
}

/// Does something with the model of a kind.
macro_rules! of_kind {
    ($kind:expr, $model:ident => $body:expr) => {
        match $kind {
            Kind::Owner => {
                type $model = OwnerRow;
                $body
            }
            Kind::Tag => {
                type $model = TagRow;
                $body
            }
            Kind::Node => {
                type $model = NodeRow;
                $body
            }
            Kind::Soft => {
                type $model = SoftRow;
                $body
            }
            Kind::Hard => {
                type $model = HardRow;
                $body
            }
            Kind::Own => {
                type $model = OwnRow;
                $body
            }
            Kind::Remote => {
                type $model = RemoteRow;
                $body
            }
            Kind::One => {
                type $model = OneRow;
                $body
            }
        }
    };
}

pub(super) use {each, of_kind, of_relation};

impl Kind {
    pub(super) const ALL: [Self; 8] = [Owner, Tag, Node, Soft, Hard, Own, Remote, One];

    /// What its references refer to.
    pub(super) fn references(self) -> &'static [Self] {
        match self {
            Owner | Tag => &[],
            Node => &[Node],
            Soft | Own | Remote | One => &[Owner],
            Hard => &[Owner, Hard],
        }
    }

    pub(super) fn relations(self) -> impl Iterator<Item = usize> {
        (0..RELATIONS.len()).filter(move |&number| RELATIONS[number].owner == self)
    }
}

/// A reference as a struct shows it: the key, and the entity.
pub(super) type Shown = (Option<i64>, Option<Handle>);

/// What a reference is set to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Input {
    Nothing,
    Key(i64),
    To(Handle),
}

/// A relation field of a struct.
pub(super) trait Bag {
    /// Its entities, if it is loaded.
    fn members(&self) -> Option<Vec<Handle>>;
    fn push(&mut self, member: Handle);
    fn push_new(&mut self, val: i64);
    fn remove(&mut self, member: Handle);
    fn replace(&mut self, members: &[Handle], new: &[i64]);
}

/// A model whose structs can be seen as values.
pub(super) trait Sample: Model<Key = i64> + Sized {
    fn of(val: i64, references: &[Input]) -> Self;
    fn id(&self) -> i64;
    fn val(&mut self) -> &mut i64;
    fn value(&self) -> i64;
    fn shown(&self, reference: usize) -> Option<Shown>;
    fn refer(&mut self, reference: usize, to: Input);
    fn bag(&self, relation: usize) -> Option<&dyn Bag>;
    fn bag_mut(&mut self, relation: usize) -> Option<&mut dyn Bag>;
    fn handle(entity: Entity<Self>) -> Handle;
    fn of_handle(handle: Handle) -> Entity<Self>;
}

fn reference<M: Sample>(to: Input) -> Option<BelongsTo<M>> {
    match to {
        Input::Nothing => None,
        Input::Key(key) => Some(BelongsTo::key(key)),
        Input::To(handle) => M::of_handle(handle).into(),
    }
}

fn shown<M: Sample>(reference: &Option<BelongsTo<M>>) -> Shown {
    let Some(reference) = reference else { return (None, None) };
    (reference.get().copied(), reference.try_entity().ok().map(M::handle))
}

macro_rules! sample {
    ($model:ident $kind:ident; $($reference:literal $to:ident: $target:ident),*; $($number:literal $bag:ident),*) => {
        impl Sample for $model {
            #[expect(clippy::allow_attributes, reason = "some have no references")]
            #[allow(unused_variables)]
            fn of(val: i64, references: &[Input]) -> Self {
                Self { $($to: reference(references[$reference]),)* ..$model::new(val) }
            }

            fn id(&self) -> i64 {
                self.id
            }

            fn val(&mut self) -> &mut i64 {
                &mut self.val
            }

            fn value(&self) -> i64 {
                self.val
            }

            fn shown(&self, reference: usize) -> Option<Shown> {
                match reference {
                    $($reference => Some(shown(&self.$to)),)*
                    _ => None,
                }
            }

            #[expect(clippy::allow_attributes, reason = "some have no references")]
            #[allow(unused_variables)]
            fn refer(&mut self, number: usize, to: Input) {
                match number {
                    $($reference => self.$to = reference(to),)*
                    _ => {}
                }
            }

            fn bag(&self, relation: usize) -> Option<&dyn Bag> {
                match relation {
                    $($number => Some(&self.$bag),)*
                    _ => None,
                }
            }

            fn bag_mut(&mut self, relation: usize) -> Option<&mut dyn Bag> {
                match relation {
                    $($number => Some(&mut self.$bag),)*
                    _ => None,
                }
            }

            fn handle(entity: Entity<Self>) -> Handle {
                Handle::$kind(entity)
            }

            fn of_handle(handle: Handle) -> Entity<Self> {
                match handle {
                    Handle::$kind(entity) => entity,
                    other => unreachable!("{other:?} is of another model"),
                }
            }
        }
    };
}

sample!(OwnerRow Owner; ; 0 soft, 1 hard, 2 own, 3 remote, 4 one, 7 tags);
sample!(TagRow Tag; ; 8 owners);
sample!(NodeRow Node; 0 up: NodeRow; 5 nodes);
sample!(SoftRow Soft; 0 owner: OwnerRow; );
sample!(HardRow Hard; 0 owner: OwnerRow, 1 up: HardRow; 6 parts);
sample!(OwnRow Own; 0 owner: OwnerRow; );
sample!(RemoteRow Remote; 0 owner: OwnerRow; );
sample!(OneRow One; 0 owner: OwnerRow; );

macro_rules! bag {
    ($name:ident) => {
        impl<T: Sample> Bag for $name<T> {
            fn members(&self) -> Option<Vec<Handle>> {
                Some(self.try_iter().ok()?.map(T::handle).collect())
            }

            fn push(&mut self, member: Handle) {
                $name::push(self, T::of_handle(member));
            }

            fn push_new(&mut self, val: i64) {
                $name::push(self, new::<T>(val));
            }

            fn remove(&mut self, member: Handle) {
                $name::remove(self, T::of_handle(member));
            }

            fn replace(&mut self, members: &[Handle], news: &[i64]) {
                let members = members.iter().map(|&handle| Member::Entity(T::of_handle(handle)));
                self.set(members.chain(news.iter().map(|&val| Member::New(new(val)))));
            }
        }
    };
}

bag!(HasMany);
bag!(ManyToMany);

impl<T: Sample> Bag for HasOne<T> {
    fn members(&self) -> Option<Vec<Handle>> {
        Some(self.try_get().ok()?.map(T::handle).into_iter().collect())
    }

    fn push(&mut self, member: Handle) {
        self.set(T::of_handle(member));
    }

    fn push_new(&mut self, val: i64) {
        self.set(new::<T>(val));
    }

    fn remove(&mut self, _: Handle) {
        self.clear();
    }

    fn replace(&mut self, members: &[Handle], news: &[i64]) {
        self.clear();
        members.iter().for_each(|&member| Bag::push(self, member));
        news.iter().for_each(|&val| self.push_new(val));
    }
}

/// A new struct that refers to nothing.
fn new<T: Sample>(val: i64) -> T {
    T::of(val, &[Input::Nothing; 2])
}
