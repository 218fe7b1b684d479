;; traps: an indirect call beyond the table
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 indirect-call-of-nothing 0\n")
  (memory (export "memory") 1)
  (table 2 funcref)
  (type $result (func (result i32)))
  (func (export "gather") (result i32) (call_indirect (type $result) (i32.const -1))))
