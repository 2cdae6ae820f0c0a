//! Lists as files in a folder that a person carries away: whole or not there.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use whiteglove_core::{lane, problem::Problem};

/// Files of one export. Forgotten before it is kept, it takes them away again.
#[derive(Debug)]
pub(crate) struct Written {
    made: Vec<PathBuf>,
    kept: bool,
}

impl Written {
    pub(crate) fn none() -> Self {
        Self { made: vec![], kept: false }
    }

    /// The journal knows them now.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }

    /// Writes one more. A file of that name with these very bytes was left by an export that did not get to its
    /// end, and is taken as it is; with other bytes it is somebody's, and stays.
    ///
    /// # Errors
    /// It cannot be written, or another file has its name.
    pub(crate) fn write(&mut self, folder: &Path, file: &lane::File) -> Result<(), Problem> {
        let path = folder.join(&file.name);
        match fs::read(&path) {
            Ok(there) if there == file.bytes => return Ok(()),
            Ok(_) => {
                return Err(Problem::new(
                    "Nothing was exported.",
                    format!("There is another file {}, and the bench has not noted it.", path.display()),
                    "Look what it is; move it away or name another folder, then export again.",
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, &error)),
        }
        let part = folder.join(format!(".{}.part", file.name));
        whole(&part, &path, &file.bytes).map_err(|error| {
            drop(fs::remove_file(&part));
            failed(&path, &error)
        })?;
        self.made.push(path);
        Ok(())
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        for path in &self.made {
            if let Err(error) = fs::remove_file(path) {
                tracing::warn!(path = %path.display(), %error, "a file of an export that failed is still there");
            }
        }
    }
}

/// Makes the folder if it is not there.
///
/// # Errors
/// It cannot be made.
pub(crate) fn folder(path: &Path) -> Result<(), Problem> {
    fs::create_dir_all(path).map_err(|error| failed(path, &error))
}

pub(super) fn whole(part: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(part, path)?;
    // The name too has to be on the stick before the journal says that the file is.
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        "Nothing was exported.",
        format!("{} cannot be written: {error}.", path.display()),
        "Check that the folder is there, has room and may be written to; then export again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> lane::File {
        lane::File { name: name.to_owned(), bytes: text.as_bytes().to_vec(), devices: vec![], batch_name: None }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_not_kept_is_taken_away_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut written = Written::none();
        written.write(folder.path(), &file("a.csv", "1")).unwrap();
        drop(written);
        assert!(names(folder.path()).is_empty());
        let mut written = Written::none();
        written.write(folder.path(), &file("a.csv", "1")).unwrap();
        written.keep();
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_file_that_is_somebodys_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.csv"), "theirs").unwrap();
        let mut written = Written::none();
        written.write(folder.path(), &file("a.csv", "1")).unwrap();
        let problem = written.write(folder.path(), &file("b.csv", "2")).unwrap_err();
        assert!(problem.why.contains("b.csv"), "{problem}");
        drop(written);
        assert_eq!(names(folder.path()), ["b.csv"]);
        assert_eq!(fs::read(folder.path().join("b.csv")).unwrap(), b"theirs");
    }

    #[test]
    fn what_an_export_left_that_lost_its_power_is_taken_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), "1").unwrap();
        fs::write(folder.path().join(".b.csv.part"), "half").unwrap();
        let mut written = Written::none();
        written.write(folder.path(), &file("a.csv", "1")).unwrap();
        written.write(folder.path(), &file("b.csv", "22")).unwrap();
        assert_eq!(names(folder.path()), ["a.csv", "b.csv"]);
        // It was there before, so it is not ours to take away.
        drop(written);
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        assert!(Written::none().write(&gone, &file("a.csv", "1")).unwrap_err().what.starts_with("Nothing was"));
        super::folder(&gone).unwrap();
        Written::none().write(&gone, &file("a.csv", "1")).unwrap();
    }
}
