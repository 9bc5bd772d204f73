//! The catalogue is embedded: a file added to it must rebuild this crate.

fn main() {
    println!("cargo::rerun-if-changed=../../catalogue");
    println!("cargo::rerun-if-changed=build.rs");
}
