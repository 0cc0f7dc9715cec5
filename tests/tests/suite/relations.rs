//! Relations: graphs that are saved, loaded, changed and deleted.

mod loading;
mod many_to_many;
mod querying;
mod sides;
