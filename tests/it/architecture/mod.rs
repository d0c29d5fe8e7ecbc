//! The structure of the code and of the schema: layers, named constraints, costs of reads.

mod layers;
mod queries;
