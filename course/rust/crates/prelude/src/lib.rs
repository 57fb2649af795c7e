//! Instances of the generic code that chapters call, compiled once.
//!
//! `KMeans<f64>::fit` exists as machine code only after somebody has called it with `f64`; usually that is the
//! reader's cell, and the compiler takes seconds over it. The functions here make the calls that chapters make, for
//! the element and label types that chapters use, so that a cell finds them compiled.  Nobody calls these functions.
//!
//! Each module is compiled as a crate of its own, and handed only to cells that name the library it stands for:
//! `smartcore`, `linfa` itself, or, for `clustering`, `linfa_clustering`. `ndarray` is handed only to cells that call
//! nothing but its whole operations.
//! `course dev misses` says which calls of which chapters are not here; to cover one, write it below as the chapter
//! writes it.

pub mod bayes;
pub mod clustering;
pub mod elasticnet;
pub mod ensemble;
pub mod linear;
pub mod linfa;
pub mod logistic;
pub mod ndarray;
pub mod nn;
pub mod preprocessing;
pub mod reduction;
pub mod smartcore;
pub mod svm;
pub mod trees;
pub mod tsne;
