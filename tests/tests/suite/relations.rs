//! Relations: graphs that are saved, loaded, changed and deleted.

mod cascades;
mod found;
mod growth;
mod joined;
mod loading;
mod many_to_many;
mod merging;
mod moving;
mod one_to_one;
mod polymorphic;
mod querying;
mod related;
mod sides;
mod through;
mod trees;
mod trees_saved;
mod write_only;
