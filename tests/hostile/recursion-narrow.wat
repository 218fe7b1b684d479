;; traps: calls without end that need no room of the guest's stack end as well
;; attacks: none
;; says: stack
(module
  (@custom "wagather.manifest" "gatherer 1 recursion-narrow 0\n")
  (memory (export "memory") 1)
  (func $again (call $again))
  (func (export "gather") (result i32) (call $again) (i32.const 0)))
