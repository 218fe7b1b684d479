;; traps: calls without end through a table
;; attacks: none
;; says: stack
(module
  (@custom "wagather.manifest" "gatherer 1 recursion-indirect 0\n")
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $again)
  (type $void (func))
  (func $again (call_indirect (type $void) (i32.const 0)))
  (func (export "gather") (result i32) (call $again) (i32.const 0)))
