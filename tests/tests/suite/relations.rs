//! Relations: graphs that are saved, loaded, changed and deleted.

mod sides;
