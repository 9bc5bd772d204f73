//! The catalogue and the rules of places are embedded: a file added to them must rebuild this
//! crate.

fn main() {
    println!("cargo::rerun-if-changed=../../catalogue");
    println!("cargo::rerun-if-changed=../../regions");
    println!("cargo::rerun-if-changed=build.rs");
}
