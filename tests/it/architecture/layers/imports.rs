//! Which file of a crate uses which other, found by a parser and by the rules of Rust's module system.
//!
//! A path counts to the file that defines its item, however many re-exports lead there: `crate::app::Result` is an
//! edge to `app/error.rs`. A re-export from elsewhere (a file that is no ancestor of the definition) counts to both.
//!
//! A module file (`mod.rs`, or `x.rs` beside `x/`) is the table of contents of its folder: it may declare, re-export and
//! use its children, and they may use the items that it defines. So edges between a file and its own ancestors are not
//! counted. Code under `#[cfg(test)]` is not counted either.
//!
//! Macros are read as tokens: each path in the body of a `macro_rules!`, in an argument of a macro or in an attribute
//! is a path of the file in which it is written. What follows a metavariable (`$crate::db::$table::find`) is unknown and
//! left out; a metavariable stands for something that the caller names, so that the caller has the edge.

use std::collections::{BTreeMap, BTreeSet};

use syn::buffer::{Cursor, TokenBuffer};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, UseTree};

/// Text of files by their path, which begins below `src/`: `app/error.rs`.
pub(super) type Sources = BTreeMap<String, String>;

/// One file uses another.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    /// The first path that does so, as it is written.
    pub(super) path: String,
}

impl std::fmt::Display for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} -> {} ({})", self.from, self.to, self.path)
    }
}

/// Everything that the files of a crate use.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Each use of another file, but of an ancestor or descendant.
    pub(super) edges: Vec<Edge>,
    /// Paths into other crates by file, with renames and imports resolved: `chrono::Utc::now`.
    pub(super) external: BTreeMap<String, BTreeSet<String>>,
    /// Code that was not understood. A checker that skips it would see too little.
    pub(super) problems: Vec<String>,
}

impl Imports {
    /// Reads a crate whose roots are `lib.rs` and `main.rs`; `name` is the library's.
    pub(super) fn of(name: &str, sources: &Sources) -> Self {
        let mut reader = Reader { sources, modules: Vec::new(), paths: Vec::new(), imports: Self::default() };
        for root in ["lib.rs", "main.rs"].into_iter().filter(|root| sources.contains_key(*root)) {
            reader.read_file(root, None, false);
        }
        let read: BTreeSet<_> = reader.modules.iter().map(|module| module.file.clone()).collect();
        let left_out = sources.keys().filter(|file| !read.contains(*file) && !reader.is_skipped(file));
        let problems: Vec<_> = left_out.map(|file| format!("{file}: no module declares it")).collect();
        reader.imports.problems.extend(problems);
        reader.resolve_all(name);
        let mut imports = reader.imports;
        // Stable, so that the path of the first use is the one that stays.
        imports.edges.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
        imports.edges.dedup_by(|a, b| (&a.from, &a.to) == (&b.from, &b.to));
        imports
    }

    /// The files that use each other in a circle, with the edges between them.
    pub(super) fn circles(&self) -> Vec<Vec<&Edge>> {
        let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for edge in &self.edges {
            next.entry(&edge.from).or_default().insert(&edge.to);
        }
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            next.keys().map(|file| (*file, reachable(file, &next))).collect();
        let reaches = |from: &str, to: &str| reached.get(from).is_some_and(|files| files.contains(to));
        let mut circles: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
        for edge in self.edges.iter().filter(|edge| reaches(&edge.to, &edge.from)) {
            // Each circle is known by the first of its files.
            let first = reached[edge.from.as_str()].iter().find(|file| reaches(file, &edge.from)).unwrap();
            circles.entry(first).or_default().push(edge);
        }
        circles.into_values().collect()
    }
}

fn reachable<'a>(from: &'a str, next: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(file) = waiting.pop() {
        waiting.extend(next.get(file).into_iter().flatten().filter(|file| reached.insert(**file)));
    }
    reached
}

type Path = Vec<String>;

/// The meaning of a name in a module.
#[derive(Debug, Clone)]
enum Name {
    Module(usize),
    Item,
    Import(Path),
}

#[derive(Debug)]
struct Module {
    file: String,
    parent: Option<usize>,
    names: BTreeMap<String, Vec<Name>>,
    globs: Vec<Path>,
    /// A macro in the place of an item can define any name.
    has_item_macros: bool,
    /// The module's `macro_rules!` reach the modules that follow.
    is_macro_use: bool,
    macros: BTreeSet<String>,
}

/// The end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Module(usize),
    /// An item of a module.
    Item(usize),
    /// A path into another crate.
    External(Path),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Use,
    Path,
    Macro,
}

struct Reader<'a> {
    sources: &'a Sources,
    modules: Vec<Module>,
    paths: Vec<(usize, Kind, Path)>,
    imports: Imports,
}

impl Reader<'_> {
    fn read_file(&mut self, file: &str, parent: Option<usize>, is_macro_use: bool) -> Option<usize> {
        let parsed: File = match syn::parse_file(&self.sources[file]) {
            Ok(parsed) => parsed,
            Err(error) => {
                self.imports.problems.push(format!("{file}: {error}"));
                return None;
            }
        };
        let folder = file.strip_suffix("lib.rs").or_else(|| file.strip_suffix("main.rs"));
        let folder = folder.or_else(|| file.strip_suffix("mod.rs")).map(str::to_owned);
        let folder = folder.unwrap_or_else(|| file.replace(".rs", "/"));
        Some(self.read_module(file, &folder, &parsed.items, parent, is_macro_use))
    }

    fn read_module(
        &mut self,
        file: &str,
        folder: &str,
        items: &[Item],
        parent: Option<usize>,
        is_macro_use: bool,
    ) -> usize {
        let module = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            parent,
            names: BTreeMap::new(),
            globs: Vec::new(),
            has_item_macros: false,
            is_macro_use,
            macros: BTreeSet::new(),
        });
        for item in items.iter().filter(|item| !is_test(attributes(item))) {
            self.name(module, item);
            let Item::Mod(child) = item else {
                Collector { reader: self, module }.visit_item(item);
                continue;
            };
            let name = child.ident.to_string();
            let is_macro_use = child.attrs.iter().any(|attr| attr.path().is_ident("macro_use"));
            let read = match &child.content {
                Some((_, items)) => {
                    let folder = format!("{folder}{name}/");
                    Some(self.read_module(file, &folder, items, Some(module), is_macro_use))
                }
                None => {
                    let places = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
                    let place = places.iter().find(|place| self.sources.contains_key(*place));
                    if place.is_none() || child.attrs.iter().any(|attr| attr.path().is_ident("path")) {
                        self.imports.problems.push(format!("{file}: where is `mod {name}`?"));
                    }
                    place.and_then(|place| self.read_file(place, Some(module), is_macro_use))
                }
            };
            if let Some(read) = read {
                self.bind(module, &name, Name::Module(read));
            }
        }
        module
    }

    fn bind(&mut self, module: usize, name: &str, to: Name) {
        self.modules[module].names.entry(name.to_owned()).or_default().push(to);
    }

    /// Notes the name that an item defines.
    fn name(&mut self, module: usize, item: &Item) {
        let ident = match item {
            Item::Const(item) => Some(&item.ident),
            Item::Enum(item) => Some(&item.ident),
            Item::Fn(item) => Some(&item.sig.ident),
            Item::Static(item) => Some(&item.ident),
            Item::Struct(item) => Some(&item.ident),
            Item::Trait(item) => Some(&item.ident),
            Item::TraitAlias(item) => Some(&item.ident),
            Item::Type(item) => Some(&item.ident),
            Item::Union(item) => Some(&item.ident),
            Item::Macro(item) => {
                self.modules[module].has_item_macros |= item.ident.is_none();
                self.modules[module].macros.extend(item.ident.as_ref().map(ToString::to_string));
                item.ident.as_ref()
            }
            Item::ForeignMod(block) => {
                for item in &block.items {
                    let ident = match item {
                        syn::ForeignItem::Fn(item) => Some(&item.sig.ident),
                        syn::ForeignItem::Static(item) => Some(&item.ident),
                        syn::ForeignItem::Type(item) => Some(&item.ident),
                        _ => None,
                    };
                    self.modules[module].has_item_macros |= ident.is_none();
                    if let Some(ident) = ident {
                        self.bind(module, &ident.to_string(), Name::Item);
                    }
                }
                None
            }
            _ => None,
        };
        if let Some(ident) = ident {
            self.bind(module, &ident.to_string(), Name::Item);
        }
    }

    /// Notes the paths of a `use`, and the names that it binds.
    fn use_tree(&mut self, module: usize, tree: &UseTree, mut path: Path) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.use_tree(module, &tree.tree, path);
            }
            UseTree::Group(tree) => {
                for tree in &tree.items {
                    self.use_tree(module, tree, path.clone());
                }
            }
            UseTree::Glob(_) => {
                self.modules[module].globs.push(path.clone());
                self.paths.push((module, Kind::Use, path));
            }
            UseTree::Name(leaf) => self.use_leaf(module, leaf.ident.to_string(), None, path),
            UseTree::Rename(leaf) => {
                self.use_leaf(module, leaf.ident.to_string(), Some(leaf.rename.to_string()), path);
            }
        }
    }

    fn use_leaf(&mut self, module: usize, leaf: String, rename: Option<String>, mut path: Path) {
        // `use a::{self}` binds `a`.
        if leaf != "self" {
            path.push(leaf);
        }
        let bound = rename.or_else(|| path.last().cloned()).unwrap_or_default();
        self.bind(module, &bound, Name::Import(path.clone()));
        self.paths.push((module, Kind::Use, path));
    }

    /// Test code that lies in a file of its own.
    fn is_skipped(&self, file: &str) -> bool {
        let is_test_module = |item: &Item| match item {
            Item::Mod(item) if is_test(&item.attrs) => Some(item.ident.to_string()),
            _ => None,
        };
        self.sources.iter().filter(|(other, _)| *other != file).any(|(other, text)| {
            let folder = other.strip_suffix("mod.rs").map(str::to_owned);
            let folder = folder.unwrap_or_else(|| other.replace(".rs", "/"));
            file.strip_prefix(&folder).is_some_and(|rest| {
                let parsed = syn::parse_file(text);
                let modules = parsed.iter().flat_map(|parsed| parsed.items.iter().filter_map(is_test_module));
                modules.into_iter().any(|name| {
                    rest.starts_with(&format!("{name}.rs")) || rest.starts_with(&format!("{name}/"))
                })
            })
        })
    }

    fn resolve_all(&mut self, library: &str) {
        for (module, kind, path) in std::mem::take(&mut self.paths) {
            let from = self.modules[module].file.clone();
            let mut via = BTreeSet::new();
            let targets = match self.resolve(library, module, &path, &mut via, &mut Vec::new()) {
                Ok(targets) => targets,
                Err(problem) => {
                    self.imports.problems.push(format!("{from}: {}: {problem}", path.join("::")));
                    continue;
                }
            };
            let mut files = BTreeSet::new();
            for target in targets {
                match target {
                    Target::Module(to) | Target::Item(to) => {
                        files.insert(self.modules[to].file.clone());
                        via.retain(|passed| !self.is_ancestor(*passed, to));
                    }
                    Target::External(path) => {
                        // A single name is a local one, one of the prelude, or a macro by the order of the text.
                        let is_single = path.len() == 1 && kind != Kind::Use;
                        // A re-export of another crate counts to the file that re-exports.
                        if !is_single && via.is_empty() {
                            self.imports.external.entry(from.clone()).or_default().insert(path.join("::"));
                        } else if is_single && kind == Kind::Macro {
                            let to = self.macro_of(&path[0]).map(|to| self.modules[to].file.clone());
                            files.extend(to);
                        }
                    }
                }
            }
            files.extend(via.iter().map(|passed| self.modules[*passed].file.clone()));
            for to in files {
                if to != from && !self.is_above(&to, &from) && !self.is_above(&from, &to) {
                    self.imports.edges.push(Edge { from: from.clone(), to, path: path.join("::") });
                }
            }
        }
    }

    /// A macro that is in scope by the order of the text, as `#[macro_use]` has it.
    fn macro_of(&self, name: &str) -> Option<usize> {
        self.modules.iter().position(|module| module.is_macro_use && module.macros.contains(name))
    }

    fn root_of(&self, module: usize) -> usize {
        std::iter::successors(Some(module), |module| self.modules[*module].parent).last().unwrap_or(module)
    }

    fn is_ancestor(&self, above: usize, module: usize) -> bool {
        std::iter::successors(Some(module), |module| self.modules[*module].parent)
            .any(|module| module == above)
    }

    /// A file is an ancestor of another.
    fn is_above(&self, above: &str, file: &str) -> bool {
        let module = self.modules.iter().position(|module| module.file == file);
        std::iter::successors(module, |module| self.modules[*module].parent)
            .any(|module| self.modules[module].file == above)
    }

    fn resolve(
        &self,
        library: &str,
        module: usize,
        path: &[String],
        via: &mut BTreeSet<usize>,
        visited: &mut Vec<(usize, String)>,
    ) -> Result<Vec<Target>, String> {
        let external = || vec![Target::External(path.to_vec())];
        let Some((first, mut rest)) = path.split_first() else { return Ok(Vec::new()) };
        let mut targets = match first.as_str() {
            // A value's `self` and a type's `Self` are no modules.
            "self" | "Self" if rest.is_empty() => return Ok(Vec::new()),
            "Self" => return Ok(Vec::new()),
            "crate" => vec![Target::Module(self.root_of(module))],
            "self" => vec![Target::Module(module)],
            "super" => {
                vec![Target::Module(self.modules[module].parent.ok_or("there is nothing above the root")?)]
            }
            name if name == library => vec![Target::Module(0)],
            name => {
                let found = self.lookup(library, module, name, via, visited)?;
                via.remove(&module);
                if found.is_empty() {
                    return Ok(external());
                }
                found
            }
        };
        while let Some((name, more)) = rest.split_first() {
            rest = more;
            let mut next = Vec::new();
            let mut modules = 0;
            for target in &targets {
                match target {
                    Target::Item(module) => next.push(Target::Item(*module)),
                    Target::External(path) => {
                        let path = path.iter().chain([name]).cloned().collect();
                        next.push(Target::External(path));
                    }
                    Target::Module(module) if name == "super" => {
                        next.extend(self.modules[*module].parent.map(Target::Module));
                    }
                    Target::Module(module) => {
                        modules += 1;
                        let found = self.lookup(library, *module, name, via, visited)?;
                        if found.is_empty() && self.modules[*module].has_item_macros {
                            next.push(Target::Item(*module));
                        }
                        next.extend(found);
                    }
                }
            }
            // A name can be a module and a function at once: then the rest of a path means the module.
            if modules > 0
                && !more.is_empty()
                && next.iter().any(|target| matches!(target, Target::Module(_)))
            {
                next.retain(|target| matches!(target, Target::Module(_)));
            }
            if next.is_empty() {
                return Err(format!("there is no `{name}`"));
            }
            targets = next;
        }
        targets.dedup();
        Ok(targets)
    }

    /// The meanings of a name in a module: items, children, imports, and names that globs bring in.
    fn lookup(
        &self,
        library: &str,
        module: usize,
        name: &str,
        via: &mut BTreeSet<usize>,
        visited: &mut Vec<(usize, String)>,
    ) -> Result<Vec<Target>, String> {
        let here = (module, name.to_owned());
        if visited.contains(&here) {
            return Ok(Vec::new());
        }
        visited.push(here);
        let mut targets = Vec::new();
        for name in self.modules[module].names.get(name).into_iter().flatten() {
            match name {
                Name::Module(child) => targets.push(Target::Module(*child)),
                Name::Item => targets.push(Target::Item(module)),
                Name::Import(path) => {
                    let found = self.resolve(library, module, path, via, visited)?;
                    if !found.is_empty() {
                        via.insert(module);
                    }
                    targets.extend(found);
                }
            }
        }
        if targets.is_empty() {
            for glob in &self.modules[module].globs {
                for target in self.resolve(library, module, glob, via, visited)? {
                    if let Target::Module(from) = target {
                        let found = self.lookup(library, from, name, via, visited)?;
                        if !found.is_empty() {
                            via.insert(module);
                        }
                        targets.extend(found);
                    }
                }
            }
        }
        visited.pop();
        // `use first;` after a macro of this name leads to itself.
        if targets.iter().any(|target| !matches!(target, Target::External(_))) {
            targets.retain(|target| !matches!(target, Target::External(_)));
        }
        Ok(targets)
    }
}

/// Collects the paths of the items of a module.
struct Collector<'a, 'b> {
    reader: &'a mut Reader<'b>,
    module: usize,
}

impl Collector<'_, '_> {
    fn note(&mut self, kind: Kind, path: Path) {
        self.reader.paths.push((self.module, kind, path));
    }

    /// The paths among the tokens of a macro; `prefix` is what stands before the group that they are in.
    fn tokens(&mut self, mut cursor: Cursor<'_>, prefix: &[String], in_attribute: bool) {
        while !cursor.eof() {
            if let Some((ident, rest)) = cursor.ident() {
                if ident == "as" && !prefix.is_empty() {
                    cursor = rest.ident().map_or(rest, |(_, rest)| rest);
                    continue;
                }
                cursor = self.token_path(prefix, ident.to_string(), rest, in_attribute);
            } else if let Some((punct, rest)) = cursor.punct() {
                cursor = rest;
                // `$crate` begins a path; any other metavariable is not known here.
                if let ('$', Some((ident, rest))) = (punct.as_char(), cursor.ident())
                    && ident != "crate"
                {
                    cursor = rest;
                }
            } else if let Some((group, _, _, rest)) = cursor.any_group() {
                self.tokens(group, &[], in_attribute);
                cursor = rest;
            } else if let Some((literal, rest)) = cursor.literal() {
                cursor = rest;
                if in_attribute && let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    self.path_in_text(&text.value());
                }
            } else if let Some((_, rest)) = cursor.lifetime() {
                cursor = rest;
            } else {
                break;
            }
        }
    }

    fn token_path<'c>(
        &mut self,
        prefix: &[String],
        first: String,
        mut cursor: Cursor<'c>,
        in_attribute: bool,
    ) -> Cursor<'c> {
        let mut path = prefix.to_vec();
        path.push(first);
        while let Some(after) = double_colon(cursor) {
            if let Some((ident, rest)) = after.ident() {
                path.push(ident.to_string());
                cursor = rest;
            } else if let Some((group, _, _, rest)) = after.any_group() {
                // A `use` with a group.
                self.tokens(group, &path, in_attribute);
                return rest;
            } else {
                break;
            }
        }
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let kind = if cursor.punct().is_some_and(|(punct, _)| punct.as_char() == '!') {
            Kind::Macro
        } else {
            Kind::Path
        };
        self.note(kind, path);
        cursor
    }

    /// Attributes name functions and modules in strings, too.
    fn path_in_text(&mut self, text: &str) {
        if text.contains("::")
            && let Ok(path) = syn::parse_str::<syn::Path>(text)
        {
            self.visit_path(&path);
        }
    }
}

fn double_colon(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let (first, rest) = cursor.punct()?;
    let (second, rest) = rest.punct()?;
    (first.as_char() == ':' && second.as_char() == ':').then_some(rest)
}

impl<'ast> Visit<'ast> for Collector<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.reader.use_tree(self.module, &item.tree, Vec::new());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.note(Kind::Path, path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        let path = node.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(Kind::Macro, path);
        self.tokens(TokenBuffer::new2(node.tokens.clone()).begin(), &[], false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let path = attribute.path();
        if path.is_ident("doc") {
            return;
        }
        self.visit_path(path);
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(TokenBuffer::new2(list.tokens.clone()).begin(), &[], true);
        }
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
