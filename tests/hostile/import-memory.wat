;; unusable: a memory that the host should bring
;; attacks: none
;; says: it imports 'env.memory', which this host does not have
(module
  (import "env" "memory" (memory 1))
  (@custom "wagather.manifest" "gatherer 1 import-memory 0\n")
  (export "memory" (memory 0))
  (func (export "gather") (result i32) (i32.const 0)))
