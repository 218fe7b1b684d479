;; unusable: AssemblyScript's abort with the type of another function
;; attacks: none
;; says: it imports 'env.abort' with a type that differs from AssemblyScript's
(module
  (import "env" "abort" (func $abort (param i32 i32) (result i32)))
  (@custom "wagather.manifest" "gatherer 1 import-abort 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32)
    (call $abort (i32.const 0) (i32.const 0))))
