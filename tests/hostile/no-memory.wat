;; unusable: no memory that the host could read from
;; attacks: none
;; says: it exports no memory as 'memory'
(module
  (@custom "wagather.manifest" "gatherer 1 no-memory 0\n")
  (memory 1)
  (func (export "gather") (result i32) (i32.const 0)))
