//! The plan of a flush, made without a database: entities are told what a database would have answered.

use std::sync::OnceLock;

use super::*;
use crate::Value;
use crate::metadata::{FieldOptions, FieldPart, Table};
use crate::model::{
    BelongsTo, Entity, Field, Found, Keeper, Model, Record, Reference, TakeValues, meet_entity, read_record,
};
use crate::result::{Columns, FromRow, RowReader, Shape};
use crate::session::identity::Identity;

/// A row with a name, of a tree.
struct Node {
    id: i64,
    name: String,
    parent: Option<BelongsTo<Node>>,
}

impl FromRow for Node {
    fn columns() -> Columns {
        Columns::Of(Self::table())
    }

    fn read(row: &mut RowReader<'_>) -> Result<Self> {
        Ok(Self { id: row.field()?, name: row.field()?, parent: row.field()? })
    }
}

impl Shape for Node {
    type Row = Self;

    fn read_row(row: &mut RowReader<'_>) -> Result<Self> {
        read_record(row)
    }
}

impl Found for Node {
    type Found = Entity<Self>;
    type Place = u32;

    fn place<K: Keeper>(keeper: &mut K) -> u32 {
        keeper.arena::<Self>()
    }

    fn meet<K: Keeper>(place: &u32, keeper: &mut K, row: &mut RowReader<'_>) -> Result<Entity<Self>> {
        meet_entity(*place, keeper, row)
    }
}

impl Record for Node {
    const NAME: &'static str = "Node";
    const KEY: &'static [&'static str] = &["id"];

    fn get(&self, field: usize, part: usize) -> Result<Value<'_>> {
        match field {
            0 => Field::get(&self.id, part),
            1 => Field::get(&self.name, part),
            _ => Field::get(&self.parent, part),
        }
    }

    fn each_value<T: TakeValues>(&self, to: &mut T) -> Result<()> {
        self.id.each_part(to)?;
        self.name.each_part(to)?;
        self.parent.each_part(to)
    }

    fn read_field(&mut self, field: usize, row: &mut RowReader<'_>) -> Result<()> {
        match field {
            0 => self.id = row.field()?,
            1 => self.name = row.field()?,
            _ => self.parent = row.field()?,
        }
        Ok(())
    }

    fn reference(&self, _: FieldPart) -> Option<&dyn Reference> {
        self.parent.as_reference(0)
    }

    fn reference_mut(&mut self, _: FieldPart) -> Option<&mut dyn Reference> {
        self.parent.as_reference_mut(0)
    }
}

impl Model for Node {
    type Key = i64;

    fn table() -> &'static Table {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| {
            let mut table = Table::build("nodes");
            let key = FieldOptions { key: true, auto: true, ..FieldOptions::default() };
            <i64 as Field>::describe("id", &mut table.field(key));
            <String as Field>::describe("name", &mut table.field(FieldOptions::default()));
            <Option<BelongsTo<Self>> as Field>::describe(
                "parent_id",
                &mut table.field(FieldOptions::default()),
            );
            table.finish()
        })
    }
}

fn node(entities: &mut Entities, parent: Option<Entity<Node>>) -> Entity<Node> {
    entities.add(Node { id: 0, name: String::new(), parent: parent.map(Into::into) })
}

/// Nodes that have rows, numbered from 1.
fn stored(count: u32) -> (Entities, Vec<Entity<Node>>) {
    let mut entities = Entities::empty(false, false);
    let nodes: Vec<_> = (0..count).map(|_| node(&mut entities, None)).collect();
    for slot in 0..count {
        let place = Place { arena: 0, slot };
        entities.arena_mut(place).set_key(slot, 0, i64::from(slot) + 1).expect("a key");
        entities.inserted(place, Identity::Int(i64::from(slot) + 1), true);
    }
    entities.flushed();
    entities.committed();
    (entities, nodes)
}

/// Kind, columns and slots of each step.
fn steps(entities: &mut Entities) -> Vec<(WriteKind, Vec<usize>, Vec<u32>)> {
    let steps = plan(entities).expect("a plan");
    steps.into_iter().map(|step| (step.kind, step.columns, step.slots)).collect()
}

#[test]
fn nothing_touched_is_no_step() {
    let (mut entities, nodes) = stored(3);
    assert_eq!(steps(&mut entities), []);
    entities[nodes[1]].name = String::new();
    assert_eq!(steps(&mut entities), [], "an equal value is no change");
    assert!(!entities.may_have_changes(), "and is not looked at again");
}

#[test]
fn updates_are_grouped_by_columns_and_sorted_by_key() {
    let (mut entities, nodes) = stored(4);
    for number in [3, 0, 2] {
        entities[nodes[number]].name = "changed".to_owned();
    }
    entities[nodes[0]].parent = nodes[1].into();
    let expected = [(WriteKind::Update, vec![1], vec![2, 3]), (WriteKind::Update, vec![1, 2], vec![0])];
    let mut planned = steps(&mut entities);
    planned.sort_by_key(|(_, columns, _)| columns.len());
    assert_eq!(planned, expected);
}

#[test]
fn new_rows_go_layer_by_layer_and_an_update_waits_for_its_target() {
    let (mut entities, nodes) = stored(1);
    let leaf = node(&mut entities, None);
    let root = node(&mut entities, None);
    entities[leaf].parent = root.into();
    entities[nodes[0]].parent = leaf.into();
    let expected = [
        (WriteKind::Insert, vec![1, 2], vec![2]),
        (WriteKind::Insert, vec![1, 2], vec![1]),
        (WriteKind::Update, vec![2], vec![0]),
    ];
    assert_eq!(steps(&mut entities), expected);
}

#[test]
fn a_circle_is_cut_at_a_nullable_key() {
    let mut entities = Entities::empty(false, false);
    let one = node(&mut entities, None);
    let two = node(&mut entities, Some(one));
    entities[one].parent = two.into();
    let planned = steps(&mut entities);
    let kinds: Vec<_> = planned.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, [WriteKind::Insert, WriteKind::Update]);
    assert_eq!(planned[1].1, [2]);
}

#[test]
fn deletes_go_last_and_leaves_first() {
    let (mut entities, nodes) = stored(3);
    entities[nodes[2]].parent = nodes[0].into();
    let planned = plan(&mut entities).expect("a plan");
    entities
        .updated(&planned[0].columns, planned[0].slots.iter().map(|&slot| planned[0].place(slot)))
        .expect("written");
    entities.flushed();
    entities.delete(nodes[0]).expect("it has a row");
    entities.delete(nodes[2]).expect("it has a row");
    node(&mut entities, None);
    let expected = [
        (WriteKind::Insert, vec![1, 2], vec![3]),
        (WriteKind::Delete, vec![], vec![2]),
        (WriteKind::Delete, vec![], vec![0]),
    ];
    assert_eq!(steps(&mut entities), expected);
}
