;; refused: a resource that would lead a path elsewhere
;; attacks: none
;; says: line 2: not the name of a resource
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-resource-tricks 0\nresource list ../v1/pods * *\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
