;; refused: a manifest with a line that means nothing
;; attacks: none
;; says: its manifest is not well-formed: line 2: a verb other than 'get' and 'list'
(module
  (@custom "wagather.manifest" "gatherer 1 manifest-malformed 0\nresource delete /v1/pods * *\n")
  (memory (export "memory") 1)
  (func (export "gather") (result i32) (i32.const 0)))
