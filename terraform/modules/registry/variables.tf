variable "name" {
  description = "Name of the place; the repositories are called by it."
  type        = string
}

variable "repositories" {
  description = "Names of the images."
  type        = set(string)
}

variable "key_arn" {
  description = "Key of the images."
  type        = string
}
