;; returns 0: the largest table that a guest may have costs the sandbox, not the broker
;; attacks: none
(module
  (@custom "wagather.manifest" "gatherer 1 big-table 0\n")
  (memory (export "memory") 1)
  (table 10000000 funcref)
  (func (export "gather") (result i32) (i32.const 0)))
