;; traps: AssemblyScript's abort with places that are not in its memory
;; attacks: none
;; says: it trapped: abort: without a message
(module
  (import "env" "abort" (func $abort (param i32 i32 i32 i32)))
  (@custom "wagather.manifest" "gatherer 1 abort-beyond 0\n")
  (memory (export "memory") 1)
  (data (i32.const 65528) "\ff\ff\ff\ff")
  (func (export "gather") (result i32)
    (call $abort (i32.const 65532) (i32.const -1) (i32.const 0) (i32.const 0))
    (i32.const 0)))
