;; refused: a module that says twice what it reads
;; attacks: none
;; says: it has two custom sections 'wagather.manifest'
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-twice 0\n")
  (@custom "wagather.manifest" "gatherer 1 manifest-twice 0\nresource list /v1/pods * *\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
