;; refused: a gatherer of two names
;; attacks: none
;; says: its manifest names the gatherer twice
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-two-names 0\ngatherer 1 cluster-operators 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
