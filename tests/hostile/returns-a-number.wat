;; returns 7: a number of the gatherer's own is a failure
;; attacks: none
;; says: the gatherer returns-a-number failed: it returned 7
(module
  (@custom "wagather.manifest" "gatherer 1 returns-a-number 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 7)))
