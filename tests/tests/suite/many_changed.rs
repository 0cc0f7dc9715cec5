//! Many rows that were changed are stored as they are, whatever statements a backend makes of them.

use orm_tests::both_forms;
use orm_tests::prelude::*;

#[derive(orm::Model, Debug)]
#[model(table = "sheets")]
struct Sheet {
    #[model(key)]
    row: i32,
    #[model(key)]
    name: String,
    text: Option<String>,
    bytes: Vec<u8>,
    weight: f64,
    done: bool,
    large: u64,
}

fn sheet(row: i32) -> Sheet {
    Sheet { bytes: Vec::new(), ..Sheet::new(row, format!("n'{row}`"), vec![], 0.0, false, 0) }
}

/// What is different for each row, and for each turn; the first row of a turn has the shortest values, or none.
fn change(sheet: &mut Sheet, turn: i32) {
    let size = usize::try_from(sheet.row * turn * 3).unwrap();
    sheet.text = (sheet.row > 0).then(|| "ü".repeat(size));
    sheet.bytes = vec![0xFF; size];
    sheet.weight = f64::from(sheet.row) / 3.0;
    sheet.done = sheet.row % 2 == turn % 2;
    sheet.large = u64::MAX / 2 - u64::from(sheet.row.unsigned_abs());
}

#[both_forms]
mod many_changed {
    use super::*;

    /// [FLU-7] Values of all kinds, short ones first, NULL among them, and more than one request has room for.
    #[case]
    async fn rows_are_stored_as_they_are(db: Db) {
        db.create::<Sheet>().await;
        let mut session = db.session();
        let sheets = session.add_all((0..700).map(sheet));
        session.commit().await.unwrap();
        for turn in 1..=2 {
            for &sheet in &sheets {
                change(&mut session[sheet], turn);
            }
            session.commit().await.unwrap();
            let mut stored = db.session().rows(Sheet::select().order_by(Sheet::ROW.asc())).await.unwrap();
            for (row, stored) in (0..).zip(&mut stored) {
                let mut expected = sheet(row);
                change(&mut expected, turn);
                assert_eq!(format!("{stored:?}"), format!("{expected:?}"));
            }
            assert_eq!(stored.len(), 700);
        }
        for &sheet in &sheets[..600] {
            session.delete(sheet).unwrap();
        }
        session.commit().await.unwrap();
        assert_eq!(db.session().rows(Sheet::select()).await.unwrap().len(), 100);
    }
}
