;; unusable: a table of all numbers there are
;; attacks: none
;; says: its table has 4294967295 elements; the limit is 10000000
(module
  (@custom "wagather.manifest" "gatherer 1 table-too-large 0\n")
  (memory (export "memory") 1)
  (table 0xffffffff funcref)
  (func (export "gather") (result i32) (i32.const 0)))
