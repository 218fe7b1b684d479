;; traps: an indirect call of a function of another type
;; attacks: none
;; says: indirect call
(module
  (@custom "wagather.manifest" "gatherer 1 indirect-call 0\n")
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $other)
  (type $result (func (result i32)))
  (func $other (param i64) (result i64) (local.get 0))
  (func (export "gather") (result i32) (call_indirect (type $result) (i32.const 0))))
