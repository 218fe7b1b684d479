;; traps: calls without end exhaust the guest's stack and nothing else
;; attacks: none
;; says: stack
(module
  (@custom "wagather.manifest" "gatherer 1 recursion 0\n")
  (memory (export "memory") 1)
  (func $again (param i32) (result i32) (i32.add (call $again (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "gather") (result i32) (call $again (i32.const 0))))
