//! The set: which pictures of a folder show whom, and which are compared with which.
//!
//! Lives here: the understood layouts, the impostor pairs of some persons. Not here: opening a picture (`evaluate`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evaluate::{Absent, Choice, ListedPair};

use crate::failure::{self, Failure};

/// A genuine pair: the registry holds one picture, the lane takes the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    pub person: usize,
    pub registry: usize,
    pub probe: usize,
    /// The part of the list that it stands in.
    pub fold: usize,
}

/// An impostor pair: pictures of two persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Impostor {
    pub persons: [usize; 2],
    pub registry: usize,
    pub probe: usize,
    /// The part of the list that it stands in.
    pub fold: usize,
}

/// Everything that is compared, by index into `files` and `persons`.
#[derive(Debug, Default)]
pub struct Set {
    pub layout: &'static str,
    pub persons: Vec<String>,
    pub files: Vec<PathBuf>,
    pub genuine: Vec<Pair>,
    /// Person and picture; each two of different persons are an impostor pair.
    pub portraits: Vec<(usize, usize)>,
    /// Impostor pairs that a list names.
    pub named: Vec<Impostor>,
    /// The list has LFW's form: its protocol's figures are asked for.
    pub lfw: bool,
    /// Pairs of a list one of whose pictures is not there.
    pub absent: Absent,
    /// Where the pictures lie.
    dir: PathBuf,
    known: BTreeMap<String, usize>,
}

const PICTURES: [&str; 12] =
    ["jpg", "jpeg", "png", "webp", "heic", "heif", "avif", "gif", "bmp", "tif", "tiff", "jxl"];
const MAX_LIST: usize = 64 * 1024 * 1024;

impl Set {
    /// Understands a folder.
    pub fn of_folder(dir: &Path) -> Result<Self, Failure> {
        let (files, folders) = entries(dir)?;
        let mut set = Self { dir: dir.to_owned(), ..Self::default() };
        let named = |name: &str| folders.iter().find(|folder| folder.file_name().is_some_and(|n| n == name));
        let (portraits, genuine) = (named("portraits"), named("genuine"));
        if portraits.is_some() || genuine.is_some() {
            set.layout = "portraits and genuine pairs";
            for file in portraits.map(|folder| entries(folder)).transpose()?.unwrap_or_default().0 {
                let person = set.person(&stem(&file));
                let file = set.file(file);
                set.portraits.push((person, file));
            }
            let pairs = genuine.map(|folder| entries(folder)).transpose()?.unwrap_or_default().0;
            set.take_series(pairs);
        } else if folders.is_empty() {
            set.layout = "portraits alone";
            let series = set.take_series(files);
            set.portraits = series;
        } else {
            set.layout = "a folder for each person";
            for folder in folders {
                let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let mut files = entries(&folder)?.0.into_iter();
                let Some(first) = files.next() else { continue };
                let person = set.person(&name);
                let registry = set.file(first);
                set.portraits.push((person, registry));
                for probe in files {
                    let probe = set.file(probe);
                    set.genuine.push(Pair { person, registry, probe, fold: 0 });
                }
            }
        }
        set.not_empty(dir)
    }

    /// Understands a list of pairs. Pictures that are joined by pairs of one person belong to that person; in a list of
    /// LFW's form a picture's folder is its person. Where the list names no impostors, the first picture of each person is
    /// compared with all others. A pair one of whose pictures is not there is counted and left out.
    pub fn of_list(dir: &Path, list: &Path) -> Result<Self, Failure> {
        let text = String::from_utf8_lossy(&failure::read(list, MAX_LIST)?).into_owned();
        let listed = evaluate::read_pairs(&text)
            .map_err(|error| Failure::new(format!("{}: {error}", list.display())))?;
        let layout = if listed.lfw { "a list of pairs in LFW's form" } else { "a list of pairs" };
        let mut set = Self { layout, lfw: listed.lfw, dir: dir.to_owned(), ..Self::default() };
        let mut index: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names: Vec<&str> = Vec::new();
        let mut absent: BTreeMap<&str, bool> = BTreeMap::new();
        let mut rows: Vec<(usize, usize, &ListedPair)> = Vec::new();
        for pair in &listed.pairs {
            let pictures = [pair.registry.as_str(), pair.probe.as_str()];
            if pictures
                .map(|name| *absent.entry(name).or_insert_with(|| !dir.join(name).exists()))
                .contains(&true)
            {
                let count =
                    if pair.same { &mut set.absent.genuine_pairs } else { &mut set.absent.impostor_pairs };
                *count += 1;
                continue;
            }
            let [registry, probe] = pictures.map(|name| {
                *index.entry(name).or_insert_with(|| {
                    names.push(name);
                    set.file(dir.join(name))
                })
            });
            rows.push((registry, probe, pair));
        }
        set.absent.pictures =
            absent.into_iter().filter(|(_, absent)| *absent).map(|(name, _)| name.to_owned()).collect();
        let joined =
            rows.iter().filter(|(.., pair)| pair.same).map(|(registry, probe, _)| [*registry, *probe]);
        let owners = components(set.files.len(), joined);
        let owner = |file: usize| {
            let name = |file: usize| names.get(file).copied().unwrap_or_default();
            if listed.lfw {
                name(file).split_once('/').map_or(name(file), |(folder, _)| folder).to_owned()
            } else {
                name(owners.get(file).copied().unwrap_or(file)).to_owned()
            }
        };
        for (registry, probe, pair) in rows {
            let persons = [set.person(&owner(registry)), set.person(&owner(probe))];
            let ([person, other], fold) = (persons, pair.fold);
            if pair.same {
                set.genuine.push(Pair { person, registry, probe, fold });
            } else if person == other {
                return Err(Failure::new(format!(
                    "{}: two pictures are named as different that other lines join as one person",
                    list.display()
                )));
            } else {
                set.named.push(Impostor { persons, registry, probe, fold });
            }
        }
        if set.named.is_empty() {
            let mut first: BTreeMap<usize, usize> = BTreeMap::new();
            for pair in &set.genuine {
                first.entry(pair.person).or_insert(pair.registry);
            }
            set.portraits = first.into_iter().collect();
        }
        set.not_empty(dir)
    }

    /// At most so many portraits, genuine pairs and named impostor pairs, spread evenly over what there is.
    pub fn thinned(mut self, most: usize) -> Self {
        self.portraits = spread(self.portraits, most);
        self.genuine = spread(self.genuine, most);
        self.named = spread(self.named, most.saturating_mul(most));
        self
    }

    /// A picture's name relative to the folder.
    pub fn name(&self, file: usize) -> String {
        let path = self.files.get(file).map_or(Path::new(""), PathBuf::as_path);
        path.strip_prefix(&self.dir).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// Hands over the impostor pairs among the persons and pictures that can be used, of which `keep` takes those of two
    /// persons; at most so many, drawn by the seed. Tells how many there are.
    pub fn impostors(
        &self,
        usable: impl Fn(usize, usize) -> bool,
        keep: impl Fn([usize; 2]) -> bool,
        (most, seed): (usize, u64),
        mut each: impl FnMut(Impostor),
    ) -> usize {
        let portraits: Vec<(usize, usize)> =
            self.portraits.iter().copied().filter(|(person, file)| usable(*person, *file)).collect();
        let named: Vec<Impostor> = self
            .named
            .iter()
            .copied()
            .filter(|pair| {
                let [person, other] = pair.persons;
                usable(person, pair.registry) && usable(other, pair.probe) && keep(pair.persons)
            })
            .collect();
        let portraits = portraits.as_slice();
        let pairs = || {
            portraits.iter().enumerate().flat_map(move |(index, (person, registry))| {
                portraits.iter().take(index).map(move |(other, probe)| Impostor {
                    persons: [*person, *other],
                    registry: *registry,
                    probe: *probe,
                    fold: 0,
                })
            })
        };
        let counts = |pair: &Impostor| pair.persons[0] != pair.persons[1] && keep(pair.persons);
        let possible = pairs().filter(counts).count() + named.len();
        let mut choice = Choice::new(possible, most, seed);
        for pair in pairs().filter(counts).chain(named) {
            if choice.takes() {
                each(pair);
            }
        }
        possible
    }

    fn not_empty(self, dir: &Path) -> Result<Self, Failure> {
        if self.portraits.len() + self.genuine.len() + self.named.len() > 0 {
            return Ok(self);
        }
        if !self.absent.pictures.is_empty() {
            return Err(Failure::new(format!(
                "{}: {}; give the folder that the list's names are relative to",
                dir.display(),
                self.absent.sentence()
            )));
        }
        Err(Failure::new(format!(
            "{} holds no pictures in a layout that is known (docs/face.md); give portraits/ and genuine/, a folder for \
             each person, or --pairs",
            dir.display()
        )))
    }

    /// `ID-a`, `ID-b` ...: the first is the registry's, each later one a probe. Returns the first of each.
    fn take_series(&mut self, files: Vec<PathBuf>) -> Vec<(usize, usize)> {
        let mut series: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for file in files {
            let stem = stem(&file);
            let id = match stem.rsplit_once('-') {
                Some((id, letter)) if letter.len() == 1 && !id.is_empty() => id.to_owned(),
                Some(_) | None => stem,
            };
            series.entry(id).or_default().push(file);
        }
        let mut firsts = Vec::new();
        for (id, files) in series {
            let person = self.person(&id);
            let mut files = files.into_iter().map(|file| self.file(file)).collect::<Vec<_>>().into_iter();
            let Some(registry) = files.next() else { continue };
            firsts.push((person, registry));
            self.genuine.extend(files.map(|probe| Pair { person, registry, probe, fold: 0 }));
        }
        firsts
    }

    fn file(&mut self, path: PathBuf) -> usize {
        self.files.push(path);
        self.files.len() - 1
    }

    fn person(&mut self, name: &str) -> usize {
        *self.known.entry(name.to_owned()).or_insert_with(|| {
            self.persons.push(name.to_owned());
            self.persons.len() - 1
        })
    }
}

/// Pictures and folders, each in order of name.
fn entries(dir: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
    let fault = |error: std::io::Error| {
        Failure::new(format!("{} cannot be read ({error}); give a folder of pictures", dir.display()))
    };
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(dir).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if path.is_dir() {
            folders.push(path);
        } else if PICTURES.contains(&extension.as_str()) {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn spread<T>(items: Vec<T>, most: usize) -> Vec<T> {
    let all = items.len();
    if all <= most {
        return items;
    }
    let keep = |i: usize| i * most / all != (i + 1) * most / all;
    items.into_iter().enumerate().filter(|(i, _)| keep(*i)).map(|(_, item)| item).collect()
}

/// For each of `count` places the lowest place that it is joined with.
fn components(count: usize, joined: impl Iterator<Item = [usize; 2]>) -> Vec<usize> {
    let mut parent: Vec<usize> = (0..count).collect();
    fn root(parent: &[usize], mut place: usize) -> usize {
        while let Some(next) = parent.get(place).copied().filter(|next| *next != place) {
            place = next;
        }
        place
    }
    for pair in joined {
        let [a, b] = pair.map(|place| root(&parent, place));
        if let Some(slot) = parent.get_mut(a.max(b)) {
            *slot = a.min(b);
        }
    }
    (0..count).map(|place| root(&parent, place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"x").unwrap();
        }
        dir
    }

    #[test]
    fn each_layout_is_understood() {
        let shared = folder(&[
            "README.md",
            "portraits/A.jpg",
            "portraits/B.png",
            "genuine/A-a.jpg",
            "genuine/A-b.jpg",
            "portraits/x.txt",
        ]);
        let set = Set::of_folder(shared.path()).unwrap();
        assert_eq!((set.persons.len(), set.files.len()), (2, 4));
        assert_eq!(set.genuine, [Pair { person: 0, registry: 2, probe: 3, fold: 0 }]);
        assert_eq!(set.portraits, [(0, 0), (1, 1)]);

        let people = folder(&["ann/1.jpg", "ann/2.jpg", "ann/3.jpg", "bob/1.jpg", "empty/none.txt"]);
        let set = Set::of_folder(people.path()).unwrap();
        assert_eq!(set.persons, ["ann", "bob"]);
        assert_eq!((set.genuine.len(), set.portraits.len()), (2, 2));

        let flat = folder(&["p.jpg", "q-a.jpg", "q-b.jpg", "long-name.jpg"]);
        let set = Set::of_folder(flat.path()).unwrap();
        assert_eq!(set.persons, ["long-name", "p", "q"]);
        assert_eq!((set.genuine.len(), set.portraits.len()), (1, 3));

        assert!(
            Set::of_folder(folder(&["notes.txt"]).path()).unwrap_err().to_string().contains("no pictures")
        );
        assert!(Set::of_folder(Path::new("/no/such/place")).is_err());
    }

    #[test]
    fn a_list_joins_pictures_to_persons_and_a_contradiction_is_named() {
        let dir =
            folder(&["pairs.csv", "bad.csv", "both.csv", "a1.jpg", "a2.jpg", "a3.jpg", "b1.jpg", "b2.jpg"]);
        let file = |name: &str| dir.path().join(name);
        std::fs::write(file("pairs.csv"), "a1.jpg,a2.jpg\na2.jpg,a3.jpg\nb1.jpg,b2.jpg\n").unwrap();
        let set = Set::of_list(dir.path(), &file("pairs.csv")).unwrap();
        assert_eq!((set.persons.len(), set.genuine.len(), set.portraits.len()), (2, 3, 2));
        std::fs::write(file("both.csv"), "a1.jpg,a2.jpg,same\na1.jpg,b1.jpg,different\n").unwrap();
        let set = Set::of_list(dir.path(), &file("both.csv")).unwrap();
        assert_eq!((set.persons.len(), set.portraits.len(), set.named.len()), (2, 0, 1));
        std::fs::write(file("bad.csv"), "a1.jpg,a2.jpg\na2.jpg,a1.jpg,different\n").unwrap();
        assert!(Set::of_list(dir.path(), &file("bad.csv")).unwrap_err().to_string().contains("one person"));
    }

    #[test]
    fn a_list_in_lfws_form_names_persons_by_folder_and_what_is_absent_is_counted() {
        let dir = folder(&[
            "Ann/Ann_0001.jpg",
            "Ann/Ann_0002.jpg",
            "Bob/Bob_0001.jpg",
            "Cy/Cy_0012.jpg",
            "pairs.txt",
        ]);
        let list = dir.path().join("pairs.txt");
        let text = "2\t2\nAnn\t1\t2\nDan\t1\t2\nAnn\t1\tBob\t1\nBob\t1\tDan\t1\n\
                    Bob\t1\t2\nAnn\t2\t1\nAnn\t2\tCy\t12\nBob\t1\tCy\t12\n";
        std::fs::write(&list, text).unwrap();
        let set = Set::of_list(dir.path(), &list).unwrap();
        assert!(set.lfw);
        assert_eq!(set.persons, ["Ann", "Bob", "Cy"]);
        assert_eq!(set.genuine.iter().map(|pair| pair.fold).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(set.named.iter().map(|pair| pair.fold).collect::<Vec<_>>(), [0, 1, 1]);
        assert_eq!((set.absent.genuine_pairs, set.absent.impostor_pairs), (2, 1));
        assert_eq!(set.absent.pictures, ["Bob/Bob_0002.jpg", "Dan/Dan_0001.jpg", "Dan/Dan_0002.jpg"]);
        assert_eq!(set.name(set.named[1].probe), "Cy/Cy_0012.jpg");
        let elsewhere = Set::of_list(&dir.path().join("Ann"), &list).unwrap_err().to_string();
        assert!(elsewhere.contains("4 genuine and 4 impostor pairs"), "{elsewhere}");
    }

    #[test]
    fn impostor_pairs_are_all_or_so_many_that_a_seed_draws() {
        let names: Vec<String> = (0..40).map(|i| format!("P{i:02}.jpg")).collect();
        let dir = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let set = Set::of_folder(dir.path()).unwrap();
        let drawn = |most, seed, keep: fn([usize; 2]) -> bool| {
            let mut pairs = Vec::new();
            let possible = set.impostors(|_, file| file != 3, keep, (most, seed), |pair| pairs.push(pair));
            (possible, pairs)
        };
        let (possible, all) = drawn(usize::MAX, 1, |_| true);
        assert_eq!((possible, all.len()), (39 * 38 / 2, 741));
        assert!(all.iter().all(|pair| pair.registry != 3 && pair.probe != 3), "a picture that is of no use");
        let (possible, some) = drawn(100, 1, |_| true);
        assert_eq!((possible, some.len()), (741, 100));
        assert_eq!(drawn(100, 1, |_| true).1, some);
        assert_ne!(drawn(100, 2, |_| true).1, some);
        let (possible, even) = drawn(usize::MAX, 1, |pair| pair.iter().all(|person| person % 2 == 0));
        assert_eq!((possible, even.len()), (190, 190));
    }

    #[test]
    fn thinning_spreads_over_the_whole() {
        assert_eq!(spread((0..10).collect(), 3), [3, 6, 9]);
        assert_eq!(spread((0..3).collect(), 10), [0, 1, 2]);
    }
}
