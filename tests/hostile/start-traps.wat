;; traps: a start function that traps ends the gatherer
;; attacks: none
;; says: unreachable
(module
  (@custom "wagather.manifest" "gatherer 1 start-traps 0\n")
  (memory (export "memory") 1)
  (func $start (unreachable))
  (start $start)
  (func (export "gather") (result i32) (i32.const 0)))
