;; traps: the instruction that a panic becomes
;; attacks: none
;; says: the gatherer unreachable failed: it trapped: 
(module
  (@custom "wagather.manifest" "gatherer 1 unreachable 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (unreachable)))
