;; refused: a name whose folder is that of what all gatherers pipe
;; attacks: none
;; says: its name, 'cluster-scoped-resources', is reserved for a folder of the archive
(module
  (@custom "wagather.manifest" "gatherer 1 cluster-scoped-resources 0\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
