;; unusable: nothing to call
;; attacks: none
;; says: it exports no function 'gather'
(module
  (@custom "wagather.manifest" "gatherer 1 no-gather 0\n")
  (memory (export "memory") 1)
  (func (export "main") (result i32) (i32.const 0)))
