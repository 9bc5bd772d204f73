fn main() {
    for dir in std::env::args().skip(1) {
        match pipeline::catalogue::Catalogue::load(Some(std::path::Path::new(&dir))) {
            Ok(c) => println!("{dir}: fine, {} types", c.types().count()),
            Err(f) => println!("{f}"),
        }
    }
}
