//! What becomes of the content of a file when its row does not.

use nexus_domain::ports::{LocalCopy, MediaRefusal, MockFileUpload, RecognisedMedia, UnneededFile};
use nexus_domain::{ContentHash, MediaKind, MediaType};

use super::*;

const CONTENT: &[u8] = b"%PDF-1.7";

/// A read in which the upload begins: the campaign is looked at, and what the user's files take.
fn beginning() -> MockUnitOfWork {
    let mut unit = finding(Some(campaign()));
    unit.media.expect_used_bytes().returning(|_| Ok(0));
    unit
}

fn noting() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stored_files
        .expect_note_incoming()
        .times(1)
        .returning(|_, _, _| Ok(()));
    unit
}

/// A read in which the file is refused; whether nobody had come to own it.
fn refusing(was_awaited: bool) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stored_files
        .expect_note_refused()
        .times(1)
        .returning(move |_, _| Ok(was_awaited));
    unit
}

fn forgetting() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stored_files
        .expect_forget()
        .times(1)
        .withf(|of, file| *of == user().id && matches!(file, UnneededFile::One(_)))
        .returning(|_, _| Ok(()));
    unit
}

/// A file store that takes a file; a deletion is only expected so many times.
fn taking(deletions: usize) -> MockFileStore {
    let mut files = MockFileStore::new();
    files.expect_create().returning(|_, _| {
        let mut upload = MockFileUpload::new();
        upload.expect_write().returning(|_| Ok(()));
        upload.expect_finish().returning(|| Ok(()));
        Ok(Box::new(upload))
    });
    files
        .expect_local_copy()
        .returning(|_, _| Ok(Some(LocalCopy::of("/files/a"))));
    files
        .expect_delete()
        .times(deletions)
        .returning(|_, _| Ok(()));
    files
}

fn recognising(judged: Result<MediaType, MediaRefusal>) -> MockMediaRecogniser {
    let mut recogniser = MockMediaRecogniser::new();
    recogniser
        .expect_kind_of()
        .returning(|_| Some(MediaKind::Document));
    recogniser.expect_recognise().returning(move |_| {
        Ok(judged.map(|media_type| RecognisedMedia {
            media_type,
            sha256: ContentHash([9; 32]),
        }))
    });
    recogniser
}

/// A transaction in which a file is added to a campaign without any, when the user's files take so
/// much already.
fn adding(used: u64) -> MockUnitOfWork {
    let mut unit = locking(Some(campaign()));
    unit.users
        .expect_lock()
        .times(1)
        .returning(|_| Ok(Some(user())));
    unit.media
        .expect_of_campaigns()
        .returning(|_, _| Ok(Vec::new()));
    unit.media.expect_used_bytes().returning(move |_| Ok(used));
    unit
}

async fn upload(bench: &Bench) -> Result<CampaignDetails, AddMediaError> {
    let campaigns = &bench.campaigns;
    let mut file = campaigns
        .begin_media(&actor(), campaign_id(), "../carta.pdf")
        .await?;
    file.write(CONTENT).await?;
    file.finish().await
}

#[tokio::test]
async fn a_file_whose_row_may_be_stored_is_spared() {
    // The transaction fails after the note is gone: nobody knows whether it was committed.
    let mut unit = adding(0);
    unit.stored_files
        .expect_note_owned()
        .returning(|_, _| Ok(true));
    unit.media.expect_insert().returning(|_| Ok(()));
    unit.campaigns
        .expect_save()
        .returning(|_| Err(unavailable()));
    let storage = ScriptedStorage::new()
        .then_read(beginning())
        .then_read(noting())
        .then_begin(unit)
        .then_read(refusing(false));
    let bench = bench_over(storage, [], (taking(0), recognising(Ok(MediaType::Pdf))));

    let error = upload(&bench).await.expect_err("it fails");

    assert!(matches!(error, AddMediaError::Storage(_)), "{error}");
}

#[tokio::test]
async fn a_file_that_is_refused_goes_with_its_note() {
    let judgements = [Err(MediaRefusal::OtherType), Ok(MediaType::Pdf)];
    for judged in judgements {
        let mut storage = ScriptedStorage::new()
            .then_read(beginning())
            .then_read(noting());
        if judged.is_ok() {
            // Other files came while this one was received.
            storage = storage.then_begin(adding(QUOTA));
        }
        let storage = storage.then_read(refusing(true)).then_read(forgetting());
        let bench = bench_over(storage, [], (taking(1), recognising(judged)));

        let error = upload(&bench).await.expect_err("refused");

        match judged {
            Ok(_) => assert!(
                matches!(
                    error,
                    AddMediaError::Quota(QuotaExceeded {
                        quota: QUOTA,
                        used: QUOTA
                    })
                ),
                "{error}"
            ),
            Err(_) => assert!(matches!(error, AddMediaError::Refused(_)), "{error}"),
        }
        assert!(bench.unchanged());
    }
}

#[tokio::test]
async fn a_file_that_was_given_up_is_not_added() {
    let mut unit = adding(0);
    unit.stored_files
        .expect_note_owned()
        .returning(|_, _| Ok(false));
    let storage = ScriptedStorage::new()
        .then_read(beginning())
        .then_read(noting())
        .then_begin(unit)
        .then_read(refusing(false));
    let bench = bench_over(storage, [], (taking(0), recognising(Ok(MediaType::Pdf))));

    let error = upload(&bench).await.expect_err("it fails");

    assert!(matches!(error, AddMediaError::Storage(_)), "{error}");
    assert!(bench.unchanged());
}

#[tokio::test]
async fn files_are_deleted_after_their_rows() {
    let mut unit = locking(Some(campaign()));
    reading_files(&mut unit);
    unit.media
        .expect_delete()
        .times(1)
        .returning(|_, _, _| Ok(true));
    unit.stored_files
        .expect_note_unneeded()
        .withf(|_, files, _| files == [UnneededFile::One(file().id.as_uuid())])
        .times(1)
        .returning(|_, _, _| Ok(()));
    unit.campaigns.expect_save().times(1).returning(|_| Ok(()));
    let storage = ScriptedStorage::new()
        .then_begin(unit)
        .then_read(forgetting());
    let bench = bench_over(storage, [], (taking(1), MockMediaRecogniser::new()));

    let removed = bench
        .campaigns
        .remove_media(&actor(), campaign_id(), None)
        .await;

    removed.expect("taken away");
    assert_eq!(bench.storage.commits(), 1);
}

/// The campaign's file is there, and then no more.
fn reading_files(unit: &mut MockUnitOfWork) {
    let mut left = vec![Vec::new(), vec![file()]];
    unit.media
        .expect_of_campaigns()
        .times(2)
        .returning(move |_, _| Ok(left.pop().expect("asked twice")));
}
