//! A store, a file store and a table that remember what was done to them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chrono::{DateTime, Utc};
use nexus_domain::mocks::MockUnitOfWork;
use nexus_domain::ports::{
    CreatedContact, KnownAddress, LocalCopy, MockFileStore, MockStorage, MockTableReader,
    MockTableSource, StorageError, TableError, TableOutline, TableRow,
};
use nexus_domain::values::{FieldName, ShortText};
use nexus_domain::{
    BulkChange, Contact, ContactId, ContactSource, Correspondent, ImportId, ImportPlan,
    ImportProgress, ImportStatus, ImportUndo, ImportedFile, InstanceId, Job, JobId, JobLease,
    JobWork, RowError, TableFormat,
};
use tokio::sync::Notify;

use super::cells;
use crate::Shutdown;
use crate::fixtures::{clock, entropy, now, user};
use crate::imports::{ImportPorts, ImportWorker, Imports};

/// How long the worker's leases last.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Everything that an import touches.
pub(super) struct State {
    pub(super) import: Option<ImportedFile>,
    pub(super) job: Option<Job>,
    pub(super) contacts: Vec<Contact>,
    /// People who asked not to be written to.
    pub(super) opted_out: Vec<Correspondent>,
    /// The names of the user's custom fields.
    pub(super) fields: Vec<FieldName>,
    /// Those that a campaign or a message has to do with.
    pub(super) used: Vec<ContactId>,
    pub(super) errors: Vec<RowError>,
    pub(super) rows: Vec<TableRow>,
    pub(super) header: Vec<String>,
    /// What reading fails with once the rows are used up.
    pub(super) broken: Option<TableError>,
    /// What adding contacts fails with, each time once; another writer adds its contact then.
    pub(super) refusals: VecDeque<(StorageError, Option<Contact>)>,
    /// How many times the lease is still held.
    pub(super) holds: usize,
    /// The shutdown is requested when this many batches were read.
    pub(super) shutdown_after: Option<usize>,
    /// The import is cancelled when this many batches were read.
    pub(super) cancel_after: Option<usize>,
    pub(super) reads: usize,
    /// Rows with content above the header.
    pub(super) above: Vec<TableRow>,
    /// The header's line, each time the table was opened.
    pub(super) opened_at: Vec<Option<u64>>,
    /// Changes of many contacts that are not over.
    pub(super) unfinished: Vec<BulkChange>,
    /// How often changed contacts were stored.
    pub(super) saves: usize,
    /// How often the store was told that many have changed.
    pub(super) told_of_changes: usize,
    pub(super) renewals: usize,
    pub(super) given_back: Option<DateTime<Utc>>,
    pub(super) file_missing: bool,
    pub(super) file_deleted: bool,
}

#[derive(Clone)]
pub(super) struct World {
    state: Arc<Mutex<State>>,
    pub(super) shutdown: Shutdown,
    pub(super) wake: Arc<Notify>,
}

impl State {
    /// What the databases refuse.
    fn assert_addresses_are_free(&self, contact: &Contact) {
        for other in self.contacts.iter().filter(|other| other.id != contact.id) {
            assert!(contact.phone.is_none() || contact.phone != other.phone);
            assert!(contact.email.is_none() || contact.email != other.email);
        }
    }
}

pub(super) fn import_id() -> ImportId {
    ImportId::new(now(), entropy().as_ref())
}

fn job() -> Job {
    Job {
        id: JobId::new(now(), entropy().as_ref()),
        user_id: user().id,
        work: JobWork::ImportContacts {
            import_id: import_id(),
        },
        attempts: 1,
        run_after: now(),
        created_at: now(),
    }
}

impl World {
    /// A queued import of a table with the columns nombre, telefono and correo.
    pub(super) fn new(rows: Vec<TableRow>) -> Self {
        let import = ImportedFile {
            id: import_id(),
            user_id: user().id,
            file_name: ShortText::parse("clientes.csv").expect("a name"),
            format: TableFormat::Csv,
            size: 1,
            plan: ImportPlan::default(),
            header: Vec::new(),
            status: ImportStatus::Queued,
            progress: ImportProgress::default(),
            // As if they had been counted before.
            total_rows: u64::try_from(rows.len()).ok(),
            undo: ImportUndo::default(),
            created_at: now(),
            started_at: None,
            updated_at: now(),
        };
        Self {
            state: Arc::new(Mutex::new(State {
                import: Some(import),
                job: Some(job()),
                contacts: Vec::new(),
                fields: Vec::new(),
                used: Vec::new(),
                errors: Vec::new(),
                rows,
                header: cells(&["nombre", "telefono", "correo"]),
                broken: None,
                refusals: VecDeque::new(),
                holds: usize::MAX,
                shutdown_after: None,
                cancel_after: None,
                reads: 0,
                above: Vec::new(),
                opened_at: Vec::new(),
                renewals: 0,
                unfinished: Vec::new(),
                saves: 0,
                told_of_changes: 0,
                given_back: None,
                file_missing: false,
                file_deleted: false,
                opted_out: Vec::new(),
            })),
            shutdown: Shutdown::new(),
            wake: Arc::new(Notify::new()),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no test panics while it holds this")
    }

    pub(super) fn import(&self) -> ImportedFile {
        self.state().import.clone().expect("an import")
    }

    /// One turn of a worker.
    pub(super) async fn work(&self) -> bool {
        self.worker()
            .run_once(&self.shutdown)
            .await
            .expect("the store works")
    }

    pub(super) fn worker(&self) -> ImportWorker {
        let owner = InstanceId::new(now(), entropy().as_ref());
        ImportWorker::new(self.ports(), owner, LEASE)
    }

    pub(super) fn imports(&self) -> Imports {
        Imports::new(self.ports(), u64::MAX)
    }

    fn ports(&self) -> ImportPorts {
        ImportPorts {
            storage: Arc::new(self.storage()),
            files: Arc::new(self.files()),
            tables: Arc::new(self.tables()),
            clock: clock(),
            entropy: entropy(),
            wake: Arc::clone(&self.wake),
        }
    }

    pub(super) fn storage(&self) -> MockStorage {
        let mut storage = MockStorage::new();
        let world = self.clone();
        storage
            .expect_begin()
            .returning(move || Ok(Box::new(world.unit())));
        let world = self.clone();
        storage
            .expect_read()
            .returning(move || Box::new(world.unit()));
        storage
    }

    fn unit(&self) -> MockUnitOfWork {
        let mut unit = MockUnitOfWork::default();
        unit.users
            .expect_find()
            .returning(|id| Ok(Some(user()).filter(|user| user.id == id)));
        self.expect_jobs(&mut unit);
        self.expect_imports(&mut unit);
        self.expect_contacts(&mut unit);
        self.expect_fields(&mut unit);
        unit
    }

    fn expect_jobs(&self, unit: &mut MockUnitOfWork) {
        let world = self.clone();
        unit.jobs.expect_claim().returning(move |_, owner, _, _| {
            Ok(world.state().job.clone().map(|job| {
                let job_id = job.id;
                (
                    job,
                    JobLease {
                        job_id,
                        owner,
                        epoch: 1,
                    },
                )
            }))
        });
        let world = self.clone();
        unit.jobs.expect_enqueue().returning(move |job| {
            world.state().job = Some(job.clone());
            Ok(())
        });
        let world = self.clone();
        unit.jobs.expect_hold().returning(move |_| {
            let mut state = world.state();
            let held = state.holds > 0;
            state.holds = state.holds.saturating_sub(1);
            Ok(held)
        });
        let world = self.clone();
        unit.jobs.expect_renew().returning(move |_, _| {
            world.state().renewals += 1;
            Ok(true)
        });
        let world = self.clone();
        unit.jobs
            .expect_finish()
            .returning(move |_| Ok(world.state().job.take().is_some()));
        let world = self.clone();
        unit.jobs.expect_give_back().returning(move |_, run_after| {
            world.state().given_back = Some(run_after);
            Ok(())
        });
    }

    fn expect_imports(&self, unit: &mut MockUnitOfWork) {
        let world = self.clone();
        unit.imports
            .expect_lock()
            .withf(|asked, id| *asked == user().id && *id == import_id())
            .returning(move |_, _| Ok(world.state().import.clone()));
        let world = self.clone();
        unit.imports.expect_save().returning(move |import| {
            world.state().import = Some(import.clone());
            Ok(())
        });
        let world = self.clone();
        unit.imports
            .expect_add_errors()
            .returning(move |_, _, errors| {
                world.state().errors.extend_from_slice(errors);
                Ok(())
            });
    }

    fn expect_contacts(&self, unit: &mut MockUnitOfWork) {
        let world = self.clone();
        unit.correspondents
            .expect_opted_out()
            .returning(move |_, _, addresses| {
                let opted_out = world.state().opted_out.clone();
                let mut found = opted_out;
                found.retain(|person| addresses.contains(&person.address));
                Ok(found)
            });
        let world = self.clone();
        unit.contacts
            .expect_known()
            .withf(|asked, _, _| *asked == user().id)
            .returning(move |_, phones, emails| {
                let state = world.state();
                let known = state.contacts.iter().filter(|contact| {
                    contact.phone.as_ref().is_some_and(|p| phones.contains(p))
                        || contact.email.as_ref().is_some_and(|e| emails.contains(e))
                });
                Ok(known
                    .map(|contact| KnownAddress {
                        id: contact.id,
                        phone: contact.phone.clone(),
                        email: contact.email.clone(),
                    })
                    .collect())
            });
        let world = self.clone();
        unit.contacts
            .expect_find_many()
            .returning(move |_, ids| Ok(world.contacts_of(ids)));
        let world = self.clone();
        unit.contacts
            .expect_lock_many()
            .returning(move |_, ids| Ok(world.contacts_of(ids)));
        let world = self.clone();
        unit.contacts.expect_insert().returning(move |contacts| {
            let mut state = world.state();
            if let Some((refusal, others)) = state.refusals.pop_front() {
                state.contacts.extend(others);
                return Err(refusal);
            }
            for contact in contacts {
                state.assert_addresses_are_free(contact);
                state.contacts.push(contact.clone());
            }
            Ok(())
        });
        let world = self.clone();
        unit.contacts
            .expect_save_many()
            .returning(move |_, contacts| {
                let mut state = world.state();
                // In whatever order the store writes them: before all of it and after.
                for contact in contacts {
                    state.assert_addresses_are_free(contact);
                }
                for contact in contacts {
                    let mut stored = state.contacts.iter_mut();
                    let stored = stored.find(|stored| stored.id == contact.id);
                    *stored.expect("a contact that is there") = contact.clone();
                }
                for contact in contacts {
                    state.assert_addresses_are_free(contact);
                }
                state.saves += 1;
                Ok(())
            });
        let world = self.clone();
        unit.contacts.expect_many_changed().returning(move || {
            world.state().told_of_changes += 1;
            Ok(())
        });
        self.expect_undo(unit);
    }

    fn expect_fields(&self, unit: &mut MockUnitOfWork) {
        let world = self.clone();
        unit.fields
            .expect_list()
            .withf(|asked| *asked == user().id)
            .returning(move |_| Ok(world.state().fields.clone()));
        let world = self.clone();
        unit.fields
            .expect_register()
            .withf(|asked, _, _| *asked == user().id)
            .returning(move |_, names, _| {
                let mut state = world.state();
                for name in names {
                    if !state.fields.contains(name) {
                        state.fields.push(name.clone());
                    }
                }
                Ok(state.fields.clone())
            });
        unit.bulk_changes
            .expect_unfinished()
            .withf(|asked| *asked == user().id)
            .returning({
                let world = self.clone();
                move |_| Ok(world.state().unfinished.clone())
            });
    }

    fn expect_undo(&self, unit: &mut MockUnitOfWork) {
        let world = self.clone();
        unit.contacts
            .expect_lock_created_by()
            .returning(move |_, import, after, most| {
                let state = world.state();
                let mut created: Vec<_> = state
                    .contacts
                    .iter()
                    .filter(|contact| contact.source == ContactSource::File(import))
                    .filter(|contact| after.is_none_or(|after| contact.id > after))
                    .map(|contact| CreatedContact {
                        contact: contact.clone(),
                        is_used: state.used.contains(&contact.id),
                    })
                    .collect();
                created.sort_by_key(|created| created.contact.id);
                created.truncate(usize::try_from(most).expect("few"));
                Ok(created)
            });
        let world = self.clone();
        unit.contacts.expect_delete_many().returning(move |_, ids| {
            let mut state = world.state();
            let before = state.contacts.len();
            state.contacts.retain(|contact| !ids.contains(&contact.id));
            Ok(u64::try_from(before - state.contacts.len()).expect("few"))
        });
    }

    fn contacts_of(&self, ids: &[ContactId]) -> Vec<Contact> {
        let state = self.state();
        let contacts = state.contacts.iter();
        contacts
            .filter(|contact| ids.contains(&contact.id))
            .cloned()
            .collect()
    }

    fn files(&self) -> MockFileStore {
        let mut files = MockFileStore::new();
        let world = self.clone();
        files
            .expect_local_copy()
            .withf(|asked, id| *asked == user().id && *id == import_id().as_uuid())
            .returning(move |_, _| {
                let is_there = !world.state().file_missing;
                Ok(is_there.then(|| LocalCopy::of("/files/import")))
            });
        let world = self.clone();
        files.expect_delete().returning(move |_, _| {
            world.state().file_deleted = true;
            Ok(())
        });
        files
    }

    fn tables(&self) -> MockTableReader {
        let mut tables = MockTableReader::new();
        let world = self.clone();
        tables.expect_outline().returning(move |_, _, _, most| {
            let state = world.state();
            let header = TableRow {
                line: state.above.last().map_or(1, |row| row.line + 1),
                cells: state.header.clone(),
            };
            let above = state.above.iter().cloned().chain([header]);
            let rows = above.chain(state.rows.iter().cloned());
            Ok(TableOutline {
                rows: rows.take(most).collect(),
                ..TableOutline::default()
            })
        });
        let world = self.clone();
        tables.expect_open().returning(move |_, _, choice| {
            world.state().opened_at.push(choice.header_line);
            Ok(Box::new(world.table()))
        });
        tables
    }

    fn table(&self) -> MockTableSource {
        let mut table = MockTableSource::new();
        let world = self.clone();
        table
            .expect_header()
            .returning(move || world.state().header.clone());
        let world = self.clone();
        let mut left: VecDeque<_> = self.state().rows.clone().into();
        table.expect_next_rows().returning(move |most| {
            let mut state = world.state();
            state.reads += 1;
            if state.cancel_after == Some(state.reads) {
                let import = state.import.as_mut().expect("an import");
                import.cancel(now()).expect("it is running");
            }
            if state.shutdown_after == Some(state.reads) {
                world.shutdown.request();
            }
            let most = most.min(left.len());
            if most == 0
                && let Some(broken) = state.broken.take()
            {
                return Err(broken);
            }
            Ok(left.drain(..most).collect())
        });
        table
    }
}
