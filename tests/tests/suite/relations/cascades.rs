//! What happens to related rows when a row is deleted, or when they are taken out of its collection.

use orm::EntityState;
use orm_tests::both_forms;
use orm_tests::prelude::*;

/// Parents whose children refer to them, so or so, and what happens to those.
macro_rules! family {
    ($module:ident: $cascade:tt, $reference:ty, $parents:tt, $children:tt, $grandchildren:tt) => {
        mod $module {
            use super::*;

            #[derive(Model, Debug)]
            #[model(table = $parents)]
            pub(super) struct Parent {
                #[model(key, auto)]
                pub(super) id: i64,
                pub(super) name: String,
                #[model(cascade = $cascade)]
                pub(super) children: HasMany<Child>,
            }

            #[derive(Model, Debug)]
            #[model(table = $children)]
            pub(super) struct Child {
                #[model(key, auto)]
                pub(super) id: i64,
                pub(super) name: String,
                pub(super) parent: $reference,
                #[model(cascade = $cascade)]
                pub(super) children: HasMany<Grandchild>,
            }

            #[derive(Model, Debug)]
            #[model(table = $grandchildren)]
            pub(super) struct Grandchild {
                #[model(key, auto)]
                pub(super) id: i64,
                pub(super) parent: Option<BelongsTo<Child>>,
            }

            pub(super) fn child(name: &str) -> Child {
                Child { id: 0, name: name.into(), parent: unset(), children: HasMany::new() }
            }

            #[allow(dead_code, reason = "not each family has some")]
            pub(super) fn grandchild() -> Grandchild {
                Grandchild { id: 0, parent: None }
            }
        }
    };
}

trait Unset {
    fn unset() -> Self;
}

impl<M: Model> Unset for BelongsTo<M> {
    fn unset() -> Self {
        BelongsTo::unset()
    }
}

impl<M: Model> Unset for Option<BelongsTo<M>> {
    fn unset() -> Self {
        None
    }
}

fn unset<R: Unset>() -> R {
    R::unset()
}

family!(nullable: "set_null", Option<BelongsTo<Parent>>, "np", "nc", "ng");
family!(deleting: "delete", Option<BelongsTo<Parent>>, "dp", "dc", "dg");
family!(orphans: "delete_orphan", BelongsTo<Parent>, "op", "oc", "og");
family!(restricted: "restrict", Option<BelongsTo<Parent>>, "sp", "sc", "sg");

/// Nothing is said, and the reference cannot be empty.
mod required {
    use super::*;

    #[derive(Model, Debug)]
    #[model(table = "rp")]
    pub(super) struct Parent {
        #[model(key, auto)]
        pub(super) id: i64,
        pub(super) name: String,
        pub(super) children: HasMany<Child>,
    }

    #[derive(Model, Debug)]
    #[model(table = "rc")]
    pub(super) struct Child {
        #[model(key, auto)]
        pub(super) id: i64,
        pub(super) parent: BelongsTo<Parent>,
    }
}

/// What the database does by itself.
mod database {
    use super::*;

    #[derive(Model, Debug)]
    #[model(table = "bp")]
    pub(super) struct Parent {
        #[model(key, auto)]
        pub(super) id: i64,
        pub(super) children: HasMany<Child>,
        pub(super) friends: HasMany<Friend>,
    }

    #[derive(Model, Debug)]
    #[model(table = "bc")]
    pub(super) struct Child {
        #[model(key, auto)]
        pub(super) id: i64,
        #[model(on_delete = "cascade")]
        pub(super) parent: BelongsTo<Parent>,
    }

    #[derive(Model, Debug)]
    #[model(table = "bf")]
    pub(super) struct Friend {
        #[model(key, auto)]
        pub(super) id: i64,
        #[model(on_delete = "set_null")]
        pub(super) parent: Option<BelongsTo<Parent>>,
    }
}

#[both_forms]
mod forms {
    use super::*;

    /// What was sent, without quotes.
    fn sent(db: &Db) -> Vec<String> {
        db.trace.take_statements().iter().map(|sql| sql.replace(['"', '`'], "")).collect()
    }

    /// [CAS-3] A child that was put in and never written leaves with its parent, also where the others have to be read first.
    #[case]
    async fn a_new_child_of_a_deleted_parent_is_never_written(db: Db) {
        use deleting::*;
        db.create::<Parent>().await;
        for is_loaded in [true, false] {
            let mut session = db.session();
            let parent = session.add(Parent { children: [child("old")].into(), ..Parent::new("p") });
            session.commit().await.unwrap();
            if is_loaded {
                session.load_with(parent, Parent::CHILDREN).await.unwrap();
            }
            session[parent].children.push(child("new"));
            session.delete(parent).unwrap();
            session.commit().await.unwrap();
            assert_eq!(session.all(Child::select()).await.unwrap(), []);
        }
    }

    /// [CAS-2] Without a cascade children let go first: 1 SELECT if they are not loaded, 1 batch, 1 DELETE.
    #[case]
    async fn children_let_go(db: Db) {
        use nullable::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let parents: Vec<_> = (0..2)
            .map(|n| {
                session
                    .add(Parent { children: [child("a"), child("b")].into(), ..Parent::new(format!("p{n}")) })
            })
            .collect();
        session.commit().await.unwrap();
        db.trace.take();

        let mut other = db.session();
        let there = other.get::<Parent>(session[parents[0]].id).await.unwrap().unwrap();
        db.trace.take();
        other.delete(there).unwrap();
        other.flush().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 3, "{said:#?}");
        assert!(
            said[0].starts_with("SELECT")
                && said[1].starts_with("UPDATE nc")
                && said[2].starts_with("DELETE FROM np")
        );
        other.rollback().await.unwrap();
        drop(other);

        let kids = session.load_with(parents[0], Parent::CHILDREN).await.unwrap().children.to_vec();
        session.load_with(parents[1], Parent::CHILDREN).await.unwrap();
        db.trace.take();
        session.delete(parents[0]).unwrap();
        session.delete(parents[1]).unwrap();
        session.flush().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 2, "{said:#?}");
        assert!(said[0].ends_with("-- 4 rows") && said[1].ends_with("-- 2 rows"), "{said:#?}");
        assert!(session[kids[0]].parent.is_none());
        // [COM-3] A rollback brings all of it back.
        session.rollback().await.unwrap();
        assert_eq!(session[parents[0]].children.to_vec(), kids);
        assert_eq!(session[kids[0]].parent.as_ref().unwrap().get(), Some(&session[parents[0]].id));
        session.delete(parents[0]).unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.all(Child::select().filter(Child::PARENT.is_null())).await.unwrap().len(), 2);
    }

    /// [CAS-2] [ERR-3] A reference that cannot be empty is an error before anything is written, and memory is as it was.
    #[case]
    async fn a_reference_that_cannot_be_empty_is_said_before(db: Db) {
        use required::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(Parent::new(name)));
        session[ann].children.push(Child::new(BelongsTo::unset()));
        session.commit().await.unwrap();
        session.get::<Parent>(session[bob].id).await.unwrap();
        db.trace.take();
        session.delete(ann).unwrap();
        let error = session.flush().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ForeignKeyViolation);
        orm_tests::assert_says(&error, &["Parent", "Child", "children", "parent_id", "cascade"]);
        let said = sent(&db);
        assert!(said.len() == 1 && said[0].starts_with("SELECT") && said[0].contains("LIMIT"), "{said:#?}");
        session.undelete(ann).unwrap();
        assert!(!session.has_changes());
        // One without children can go.
        session.delete(bob).unwrap();
        session.commit().await.unwrap();

        // What cannot be taken out stays in.
        let child = session.load_with(ann, Parent::CHILDREN).await.unwrap().children.first().unwrap();
        let error = session.unlink(ann, Parent::CHILDREN, child).unwrap_err();
        orm_tests::assert_says(&error, &["Child", "parent_id"]);
        assert!(session[ann].children.contains(child));
        session.commit().await.unwrap();
    }

    /// [CAS-3] With a cascade children go first, in 1 batch, recursively; 1 SELECT for each relation that is not loaded.
    #[case]
    async fn children_go_first(db: Db) {
        use deleting::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let family = |name: &str| Child { children: [grandchild(), grandchild()].into(), ..child(name) };
        let parent = session
            .add(Parent { children: [family("a"), family("b"), child("c")].into(), ..Parent::new("p") });
        session.commit().await.unwrap();
        let id = session[parent].id;
        let mut other = db.session();
        let there = other.get::<Parent>(id).await.unwrap().unwrap();
        db.trace.take();
        other.delete(there).unwrap();
        other.flush().await.unwrap();
        let said = sent(&db);
        let firsts: Vec<_> =
            said.iter().map(|sql| sql.split(' ').take(3).collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(firsts.len(), 5, "{said:#?}");
        assert_eq!(firsts[2..], ["DELETE FROM dg", "DELETE FROM dc", "DELETE FROM dp"]);
        assert!(said[2].ends_with("-- 4 rows") && said[3].ends_with("-- 3 rows"), "{said:#?}");
        other.rollback().await.unwrap();
        drop(other);

        // Loaded: no SELECT; one added and not flushed leaves.
        let kids = session.load_with(parent, Parent::CHILDREN).await.unwrap().children.to_vec();
        session.load_with_all(&kids, Child::CHILDREN).await.unwrap();
        let late = session.add(child("late"));
        session[parent].children.push(late);
        db.trace.take();
        session.delete(parent).unwrap();
        session.commit().await.unwrap();
        assert_eq!(sent(&db).len(), 3);
        assert_eq!(session.state(late), EntityState::Transient);
        assert_eq!(session.all(Child::select()).await.unwrap().len(), 0);
        assert_eq!(session.all(Grandchild::select()).await.unwrap().len(), 0);
    }

    /// [CAS-4] Who is taken out of a collection is deleted with delete-orphan, else refers to nothing; one by one, or all at once,
    /// loaded or not.
    #[case]
    async fn taken_out(db: Db) {
        db.create::<(orphans::Parent, deleting::Parent)>().await;
        let mut session = db.session();
        let one = session.add(orphans::Parent {
            children: ["a", "b", "c"].map(orphans::child).into(),
            ..orphans::Parent::new("p")
        });
        let two = session.add(deleting::Parent {
            children: ["a", "b", "c"].map(deleting::child).into(),
            ..deleting::Parent::new("p")
        });
        session.commit().await.unwrap();
        // Not loaded any more.
        session.load_with(one, orphans::Parent::CHILDREN).await.unwrap();
        session.load_with(two, deleting::Parent::CHILDREN).await.unwrap();
        let first = session[one].children.get(0).unwrap();
        session[one].children.remove(first);
        let first = session[two].children.get(0).unwrap();
        session[two].children.remove(first);
        db.trace.take();
        session.flush().await.unwrap();
        // The first one is what the deleted child's own children are read with.
        let sent_first = sent(&db);
        assert_eq!(sent_first.len(), 3, "{sent_first:#?}");
        assert!(
            sent_first[1].starts_with("UPDATE dc") && sent_first[2].starts_with("DELETE FROM oc"),
            "{sent_first:#?}"
        );
        session[one].children.set([orphans::child("new")]);
        session[two].children.clear();
        session.commit().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 4, "{said:#?}");
        let names: Vec<_> = session
            .rows(orphans::Child::select())
            .await
            .unwrap()
            .into_iter()
            .map(|child| child.name)
            .collect();
        assert_eq!(names, ["new"]);
        assert_eq!(
            session
                .rows(deleting::Child::select().filter(deleting::Child::PARENT.is_null()))
                .await
                .unwrap()
                .len(),
            3
        );
        drop(session);

        // Emptied without being loaded: the flush reads what is to go.
        let mut session = db.session();
        let one = session.all(orphans::Parent::select()).await.unwrap()[0];
        db.trace.take();
        session[one].children.clear();
        session.commit().await.unwrap();
        let said = sent(&db);
        assert_eq!(said.len(), 3, "{said:#?}");
        assert!(session.all(orphans::Child::select()).await.unwrap().is_empty());
    }

    /// [CAS-5] A child that was moved before the flush is 1 UPDATE, also when its old parent goes.
    #[case]
    async fn moved_children_survive(db: Db) {
        use orphans::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(Parent::new(name)));
        let [one, two, three] = ["1", "2", "3"].map(|name| session.add(child(name)));
        session[ann].children.set([one, two, three]);
        session.commit().await.unwrap();
        for parent in [ann, bob] {
            session.load_with(parent, Parent::CHILDREN).await.unwrap();
        }
        db.trace.take();
        session[ann].children.remove(one);
        session[bob].children.push(one);
        session.flush().await.unwrap();
        let said = sent(&db);
        assert!(said.len() == 1 && said[0].starts_with("UPDATE oc"), "{said:#?}");
        // From the child's side, and the old one goes.
        session[two].parent = bob.into();
        session[bob].children.push(three);
        session.delete(ann).unwrap();
        session.commit().await.unwrap();
        let said = sent(&db);
        assert!(
            said.len() == 2 && said[0].starts_with("UPDATE oc") && said[1].starts_with("DELETE FROM op"),
            "{said:#?}"
        );
        assert_eq!(session[bob].children.len(), 3);
        assert_eq!(session.all(Child::select()).await.unwrap().len(), 3);
    }

    /// [CAS-6] [CAS-7] [CAS-8] One that is new, put in and taken out again leaves the session; one that nobody has put anywhere is
    /// never in it.
    #[case]
    async fn new_ones_leave_again(db: Db) {
        use orphans::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let ann = session.add(Parent::new("Ann"));
        session.commit().await.unwrap();
        session.load_with(ann, Parent::CHILDREN).await.unwrap();
        let one = session.add(child("1"));
        session.link(ann, Parent::CHILDREN, one).unwrap();
        assert!(session.contains(one));
        session.unlink(ann, Parent::CHILDREN, one).unwrap();
        assert!(!session.contains(one));
        let two = session.add(child("2"));
        session[ann].children.push(two);
        session[ann].children.remove(two);
        let _three = Child { parent: ann.into(), ..child("3") };
        db.trace.take();
        session.commit().await.unwrap();
        assert!(sent(&db).is_empty());
        assert!(!session.contains(two));
    }

    /// [CAS-9] What is left to the database is 1 statement; what is loaded follows, and comes back with a rollback.
    #[case]
    async fn the_database_does_it(db: Db) {
        use database::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let parent = session.add(Parent::new());
        let child = session.add(Child::new(parent));
        let friend = session.add(Friend { parent: parent.into(), ..Friend::new() });
        session.commit().await.unwrap();
        let id = session[parent].id;
        let mut other = db.session();
        let there = other.get::<Parent>(id).await.unwrap().unwrap();
        db.trace.take();
        other.delete(there).unwrap();
        other.flush().await.unwrap();
        assert_eq!(sent(&db).len(), 1);
        assert!(other.all(Child::select()).await.unwrap().is_empty());
        other.rollback().await.unwrap();
        drop(other);

        session.load_with(parent, Parent::CHILDREN).await.unwrap();
        session.load_with(parent, Parent::FRIENDS).await.unwrap();
        db.trace.take();
        session.delete(parent).unwrap();
        session.flush().await.unwrap();
        assert_eq!(sent(&db).len(), 1);
        assert_eq!(session.state(child), EntityState::Deleted);
        assert!(session[friend].parent.is_none());
        session.rollback().await.unwrap();
        assert_eq!(session.state(child), EntityState::Persistent);
        assert_eq!(session[friend].parent.as_ref().unwrap().get(), Some(&id));
        assert_eq!(session[parent].children.to_vec(), [child]);
    }

    /// A relation that restricts refuses, loaded or not, unless its children go as well or elsewhere.
    #[case]
    async fn refused_while_there_are_any(db: Db) {
        use restricted::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(Parent::new(name)));
        let [one, two] = ["1", "2"].map(|name| session.add(child(name)));
        session[ann].children.set([one, two]);
        session.commit().await.unwrap();
        session.get::<Parent>(session[ann].id).await.unwrap();
        for loaded in [false, true] {
            if loaded {
                session.load_with(ann, Parent::CHILDREN).await.unwrap();
            }
            db.trace.take();
            session.delete(ann).unwrap();
            let error = session.flush().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ForeignKeyViolation);
            orm_tests::assert_says(&error, &["Parent", "Child", "children"]);
            assert_eq!(sent(&db).len(), usize::from(!loaded));
            session.undelete(ann).unwrap();
        }
        session.rollback().await.unwrap();
        session.delete(ann).unwrap();
        session.delete(one).unwrap();
        session[two].parent = bob.into();
        session.commit().await.unwrap();
        assert_eq!(session.all(Child::select()).await.unwrap(), [two]);
    }

    /// A deletion that is taken back, or only planned, has done nothing to other rows. The plan says what is read, and why rows are written.
    #[case]
    async fn the_plan_says_why(db: Db) {
        use deleting::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let ann = session.add(Parent { children: ["a", "b"].map(child).into(), ..Parent::new("Ann") });
        session.commit().await.unwrap();
        let id = session[ann].id;
        session.delete(ann).unwrap();
        let plan = session.plan().unwrap();
        assert_eq!(plan.reads(), [format!("children of Parent with key {id}")]);
        session.undelete(ann).unwrap();
        let kids = session.load_with(ann, Parent::CHILDREN).await.unwrap().children.to_vec();
        session.load_with_all(&kids, Child::CHILDREN).await.unwrap();
        session.delete(ann).unwrap();
        let plan = session.plan().unwrap();
        assert!(plan.reads().is_empty());
        let because = format!("Parent with key {id} is deleted, children: delete");
        assert!(plan.to_string().contains(&because), "{plan}");
        assert_eq!(plan.batches()[0].rows[0].because.as_ref(), Some(&because));
        session.undelete(ann).unwrap();
        db.trace.take();
        assert!(!session.has_changes() && session.plan().unwrap().is_empty());
        session.commit().await.unwrap();
        assert!(sent(&db).is_empty());
        assert_eq!(session[ann].children.to_vec(), kids);
    }

    /// [COM-3] Whatever fails leaves memory as it was, collections included.
    #[case]
    async fn errors_in_the_middle(db: Db) {
        use deleting::*;
        db.create::<Parent>().await;
        let mut session = db.session();
        let [ann, bob] = ["Ann", "Bob"].map(|name| session.add(Parent::new(name)));
        let [one, two] = ["1", "2"].map(|name| session.add(child(name)));
        session[ann].children.set([one, two]);
        session.commit().await.unwrap();
        for parent in [ann, bob] {
            session.load_with(parent, Parent::CHILDREN).await.unwrap();
        }
        session[bob].children.push(one);
        session[bob].children.push(child("new"));
        session.delete(ann).unwrap();
        // A key that is there already.
        let clash = Parent { id: session[bob].id, ..Parent::new("clash") };
        let mut other = db.session();
        let id = other.add(Parent::new("there"));
        other.commit().await.unwrap();
        session.add(Parent { id: other[id].id, ..clash });
        session.flush().await.unwrap_err();
        session.rollback().await.unwrap();
        assert_eq!(session[ann].children.to_vec(), [one, two]);
        assert!(session[bob].children.is_empty(), "{:?}", session[bob].children);
        assert!(session.contains(ann) && !session.has_changes());
        assert_eq!(session[one].parent.as_ref().unwrap().get(), Some(&session[ann].id));
        db.trace.take();
        session.commit().await.unwrap();
        assert!(sent(&db).is_empty());
    }
}
