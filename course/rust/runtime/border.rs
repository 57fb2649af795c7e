//! What every `%%rust` cell needs at its border with Python: catching panics, lending and handing over memory.
//!
//! Compiled once for each compiler and linked into each cell, so that a cell's own compilation stays short.
//! Nothing here knows of ndarray or of Python: words (`u64`) and addresses cross, and `border.py` reads them.

use std::alloc::{Layout, dealloc};
use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Once};

#[derive(Clone)]
struct Panicked {
    message: String,
    file: String,
    line: u32,
    column: u32,
    /// The frames' addresses, where a crate panicked for the cell; what lines they stand for is looked up on demand.
    frames: Option<Arc<Backtrace>>,
}

thread_local! {
    /// What the hook saw last on this thread.
    static SEEN: RefCell<Option<Panicked>> = const { RefCell::new(None) };
    /// What ended the last guarded call on this thread, until Python takes it.
    static FAILED: RefCell<Option<Panicked>> = const { RefCell::new(None) };
    /// The frames of the failure that Python took last.
    static FRAMES: RefCell<Option<Arc<Backtrace>>> = const { RefCell::new(None) };
    /// Whether this thread is inside a guarded call, and whether that call has panicked before.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static BEFORE: Cell<bool> = const { Cell::new(false) };
}

/// What any thread's hook saw last: a panic that a worker thread hands on is reported with its own place.
static LAST: Mutex<Option<Panicked>> = Mutex::new(None);
/// What was printed last of threads that panicked, since the last failure was reported.
static PRINTED: Mutex<Option<Panicked>> = Mutex::new(None);
static HOOK: Once = Once::new();

/// How many calls have failed and have not been reported yet. Python reads it after each call.
#[unsafe(no_mangle)]
pub static course_failures: AtomicU64 = AtomicU64::new(0);

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        String::from(*text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        String::from("a panic whose payload is not text")
    }
}

/// Find the innermost frame that stands in a cell: those are compiled in a folder called `.part-…`.
fn cell_line(backtrace: &str) -> Option<(String, u32, u32)> {
    let frame = backtrace
        .lines()
        .map(str::trim)
        .find(|l| l.starts_with("at ") && l.contains("/.part-"))?;
    let mut parts = frame.rsplit('/').next()?.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some((String::from(file), line.parse().ok()?, column.parse().ok()?))
}

/// Leave out of a crate's path what is before its name and version.
fn short(file: &str) -> &str {
    let inside = file
        .split_once("/registry/src/")
        .and_then(|(_, rest)| rest.split_once('/'));
    inside.map_or(file, |(_, rest)| rest)
}

/// Remember what is about to be printed; tell whether it is not what was printed last.
fn news(seen: &Panicked) -> bool {
    let Ok(mut printed) = PRINTED.lock() else {
        return true;
    };
    let before = printed.replace(seen.clone());
    before.is_none_or(|p| p.message != seen.message || p.file != seen.file || p.line != seen.line)
}

fn on_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location();
    let mut seen = Panicked {
        frames: None,
        message: text_of(info.payload()),
        file: place.map_or_else(String::new, |p| String::from(p.file())),
        line: place.map_or(0, |p| p.line()),
        column: place.map_or(0, |p| p.column()),
    };
    if seen.file.contains('/') {
        // A crate panicked for the cell, as ndarray does for an index: what helps is the cell's line that called it.
        // Capturing the frames is cheap; finding their lines is not, and may need line tables made only then.
        seen.frames = Some(Arc::new(Backtrace::force_capture()));
    }
    // A second panic while the first unwinds ends the process in the next instruction; and nobody may ever join a
    // thread that panics. Both would otherwise be lost without a word. (Where the cell has caught the first itself, the
    // second ends nothing, and cannot be told from one that does.) Many threads of one pool often say the same: once
    // is enough.
    let again = BEFORE.get();
    if (again || !INSIDE.get()) && !seen.file.starts_with("/rustc/") && news(&seen) {
        let what = if again {
            "panicked again"
        } else {
            "a thread panicked"
        };
        let (file, line, message) = (short(&seen.file), seen.line, &seen.message);
        let _ = writeln!(std::io::stderr(), "{what}, {file}:{line}: {message}");
    }
    BEFORE.set(INSIDE.get());
    if let Ok(mut last) = LAST.lock() {
        *last = Some(seen.clone());
    }
    let _ = SEEN.try_with(|slot| *slot.borrow_mut() = Some(seen));
}

fn caught(payload: Box<dyn Any + Send>) {
    let message = text_of(&*payload);
    // Dropping a payload may panic in turn; a few leaked bytes are the better end of a failed call.
    std::mem::forget(payload);
    let seen = SEEN.with(|slot| slot.borrow_mut().take());
    let same = |p: &Panicked| p.message == message;
    let known = seen
        .filter(same)
        .or_else(|| LAST.lock().ok().and_then(|last| last.clone()).filter(same));
    let failed = known.unwrap_or(Panicked {
        message,
        file: String::new(),
        line: 0,
        column: 0,
        frames: None,
    });
    if let Ok(mut printed) = PRINTED.lock() {
        *printed = None;
    }
    FAILED.with(|slot| *slot.borrow_mut() = Some(failed));
    course_failures.fetch_add(1, Ordering::SeqCst);
}

/// Run a call and stop a panic at the border: unwinding into Python's frames would be undefined.
pub fn guard(body: &mut dyn FnMut()) {
    HOOK.call_once(|| panic::set_hook(Box::new(on_panic)));
    let outer = INSIDE.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    INSIDE.set(outer);
    BEFORE.set(false);
    if let Err(payload) = result {
        caught(payload);
    }
}

/// Show what the cell has printed, although its last line may not have ended.
pub fn flush() {
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().flush();
}

/// Words on their way to Python; the first one says how many there are.
pub struct Words(Vec<u64>);

impl Words {
    pub fn new() -> Self {
        Words(vec![0])
    }

    pub fn word(&mut self, word: u64) {
        self.0.push(word);
    }

    pub fn text(&mut self, text: String) {
        self.bytes(text.into_bytes());
    }

    fn bytes(&mut self, bytes: Vec<u8>) {
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        self.memory(bytes.as_mut_ptr() as u64, bytes.len(), bytes.capacity());
    }

    /// Hand a vector's memory over: address, length, capacity. Python frees it through `course_free`.
    #[inline]
    pub fn vector<T: Copy>(&mut self, vector: Vec<T>) {
        let mut vector = std::mem::ManuallyDrop::new(vector);
        self.memory(vector.as_mut_ptr() as u64, vector.len(), vector.capacity());
    }

    pub fn memory(&mut self, address: u64, length: usize, capacity: usize) {
        self.0.extend([address, length as u64, capacity as u64]);
    }

    pub fn layout(&mut self, shape: &[usize], strides: &[isize]) {
        self.0.push(shape.len() as u64);
        self.0.extend(shape.iter().map(|n| *n as u64));
        self.0.extend(strides.iter().map(|n| *n as u64));
    }

    pub fn finish(mut self) -> *mut u64 {
        self.0[0] = self.0.len() as u64;
        Box::into_raw(self.0.into_boxed_slice()) as *mut u64
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

/// Take what ended the last call on this thread: message, file, line, column, and whether `course_cell_line` may
/// know more; null when nothing did.
#[unsafe(no_mangle)]
pub extern "C" fn course_take_failure() -> *mut u64 {
    let Some(failed) = FAILED.with(|slot| slot.borrow_mut().take()) else {
        return std::ptr::null_mut();
    };
    course_failures.fetch_sub(1, Ordering::SeqCst);
    let mut words = Words::new();
    words.text(failed.message);
    words.text(failed.file);
    words.word(u64::from(failed.line));
    words.word(u64::from(failed.column));
    words.word(u64::from(failed.frames.is_some()));
    FRAMES.with(|slot| *slot.borrow_mut() = failed.frames);
    words.finish()
}

/// Find the cell's line in the frames of the failure taken last on this thread: file, line, column; null where no
/// frame has one. The line tables are read from this library's file, as it is on the disk at the first such call.
#[unsafe(no_mangle)]
pub extern "C" fn course_cell_line() -> *mut u64 {
    let frames = FRAMES.with(|slot| slot.borrow_mut().take());
    let Some((file, line, column)) = frames.and_then(|f| cell_line(&f.to_string())) else {
        return std::ptr::null_mut();
    };
    let mut words = Words::new();
    words.text(file);
    words.word(u64::from(line));
    words.word(u64::from(column));
    words.finish()
}

/// Give back memory that a call handed over.
///
/// # Safety
/// `address`, `bytes` and `align` must describe one allocation of this library that is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn course_free(address: *mut u8, bytes: usize, align: usize) {
    unsafe { dealloc(address, Layout::from_size_align_unchecked(bytes, align)) }
}
